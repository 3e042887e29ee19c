// Writing a message that is encrypted in this browser. Nothing of it goes to the server before that: no draft is saved, no file is uploaded.

import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { BadAddress, parseAddresses } from "../compose/addresses";
import type { Draft } from "../compose/draft";
import { AddressField } from "../contacts/address-field";
import { longDate, size } from "../i18n/format";
import type { Identity } from "../jmap/types";
import { useStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { languageFor, PASSWORD_MIN, proposePassword, rememberLanguage } from "./choice";
import { deliver, type Made, type Protection } from "./deliveries";
import type { Offer } from "./offer";
import { useOffer } from "./protection";
import { selfContained } from "./pictures";

const Editor = lazy(() => import("../compose/editor"));

interface Props {
  draft: Draft;
  identity: Identity;
  files: File[];
  close: () => void;
}

const input = "min-h-8 rounded-md border border-strong-line bg-paper px-2";

export default function PortalComposer({ draft, identity, files: given, close }: Props) {
  const { t, i18n } = useTranslation();
  const owner = useStore().client.session.username;
  const [to, setTo] = useState([draft.to, draft.cc, draft.bcc].filter((it) => it.trim() !== "").join(", "));
  const [subject, setSubject] = useState(draft.subject);
  const [written, setWritten] = useState({ html: draft.html, text: draft.text });
  const [files, setFiles] = useState(given);
  const [protection, setProtection] = useState<Protection>({ kind: "password", password: "", telephone: "", days: 0, openings: 0, language: "en" });
  const [language, setLanguage] = useState<"en" | "zh">();
  const [wrong, setWrong] = useState<string>();
  const [progress, setProgress] = useState<number>();
  const [made, setMade] = useState<Made[]>();
  const offer = useOffer([to]);
  const first = offer?.recipients[0]?.address ?? "";
  const spoken = language ?? languageFor(first, `${subject} ${written.text}`);
  const change = (part: Partial<Protection>) => {
    setWrong(undefined);
    setProtection((before) => ({ ...before, ...part }));
  };

  const obstacle = (): string | undefined => {
    try {
      if (parseAddresses(to).length === 0) return t("compose.no-recipient");
    } catch (error) {
      if (error instanceof BadAddress) return t("compose.bad-address", { text: error.text });
      throw error;
    }
    if (protection.kind === "password" && protection.password.normalize("NFC").trim().length < PASSWORD_MIN) return t("secure.password-short", { count: PASSWORD_MIN });
    const total = files.reduce((sum, { size }) => sum + size, 0);
    return offer && total > offer.bytes_max ? t("secure.too-large", { limit: size(offer.bytes_max, i18n.language) }) : undefined;
  };
  const send = async () => {
    const why = obstacle();
    setWrong(why);
    if (why) return;
    setProgress(0);
    try {
      const all = parseAddresses(to);
      const html = await selfContained(written.html);
      const done: Made[] = [];
      for (const [index, { email }] of all.entries()) {
        const message = { v: 1 as const, from: { name: identity.name, email: identity.email }, to: email, date: new Date().toISOString(), subject, text: written.text, html, files: files.map((it) => ({ name: it.name, type: it.type, size: it.size })) };
        const tell = (share: number) => setProgress((index + share) / all.length);
        // One after the other: each has keys of its own.
        // oxlint-disable-next-line no-await-in-loop
        done.push(await deliver(owner, message, files, { ...protection, language: spoken }, protection.kind === "password", tell));
        rememberLanguage(email, spoken);
      }
      setMade(done);
    } catch (error) {
      setWrong(t("app.error", { reason: error instanceof Error ? error.message : String(error) }));
    }
    setProgress(undefined);
  };

  return (
    <section
      role="dialog"
      aria-label={subject || t("secure.title")}
      className="fixed inset-0 z-30 flex flex-col overflow-y-auto border border-line bg-paper sm:inset-auto sm:end-4 sm:bottom-0 sm:h-[min(720px,94vh)] sm:w-[600px] sm:rounded-t-lg sm:shadow-lg"
    >
      <header className="flex items-center gap-2 border-b border-line ps-4 pe-1">
        <h2 dir="auto" className="min-w-0 flex-1 truncate font-semibold">{subject || t("secure.title")}</h2>
        <IconButton icon="close" label={t("app.close")} onPress={close} />
      </header>
      {made ? (
        <Done made={made} protection={protection} close={close} />
      ) : (
        <>
          <p className="border-b border-line px-4 py-2 text-quiet">{t("secure.explain")}</p>
          <Line label={t("compose.to")}><AddressField value={to} focus={to === ""} change={setTo} /></Line>
          <Line label={t("compose.subject")}>
            <input dir="auto" value={subject} onChange={(event) => setSubject(event.target.value)} className="min-w-0 flex-1 bg-transparent outline-none" />
          </Line>
          <div className="flex min-h-48 flex-1 flex-col">
            <Suspense fallback={<p className="p-3 text-quiet">{t("app.loading")}</p>}>
              <Editor html={draft.html} label={t("compose.body")} focus={to !== ""} changed={(html, text) => setWritten({ html, text })} />
            </Suspense>
          </div>
          <Files files={files} change={setFiles} />
          {offer && <Lockings offer={offer} protection={{ ...protection, language: spoken }} change={change} speak={setLanguage} />}
          {wrong && <p role="alert" className="border-t border-line px-4 py-1.5 text-danger">{wrong}</p>}
          <footer className="flex flex-wrap items-center gap-3 border-t border-line p-2">
            <Button look="first" icon="sent" isDisabled={progress !== undefined || offer === undefined} onPress={() => void send()}>{t("secure.send")}</Button>
            {progress !== undefined && <span role="status" className="text-quiet">{t("secure.sending", { percent: Math.round(progress * 100) })}</span>}
          </footer>
        </>
      )}
    </section>
  );
}

function Line({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="flex min-h-9 items-center gap-3 border-b border-line px-4">
      <span className="shrink-0 text-quiet">{label}</span>
      {children}
    </label>
  );
}

function Files({ files, change }: { files: File[]; change: (files: File[]) => void }) {
  const { t, i18n } = useTranslation();
  return (
    <div className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-2">
      <label className="flex min-h-8 cursor-pointer items-center rounded-md border border-line px-3 focus-within:outline-2 focus-within:outline-accent hover:bg-hover">
        {t("compose.attach")}
        <input
          type="file"
          multiple
          className="sr-only"
          onChange={(event) => {
            change([...files, ...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </label>
      {files.map((file) => (
        <span key={`${file.name} ${file.size} ${file.lastModified}`} className="flex max-w-full items-center gap-2 rounded-md border border-line ps-2">
          <span dir="auto" className="max-w-52 truncate">{file.name}</span>
          <span className="text-quiet">{size(file.size, i18n.language)}</span>
          <IconButton icon="close" label={t("compose.remove", { name: file.name })} onPress={() => change(files.filter((it) => it !== file))} />
        </span>
      ))}
    </div>
  );
}

interface LockingsProps {
  offer: Offer;
  protection: Protection;
  change: (part: Partial<Protection>) => void;
  speak: (language: "en" | "zh") => void;
}

/** What opens it, for how long, and what each recipient gets. */
function Lockings({ offer, protection, change, speak }: LockingsProps) {
  const { t } = useTranslation();
  const { kind, password, telephone, language } = protection;
  const days = [1, 3, 7, 14, 30, 90].filter((it) => it <= offer.days_max);
  return (
    <fieldset className="flex flex-col gap-2 border-t border-line px-4 py-2">
      <legend className="sr-only">{t("secure.protection")}</legend>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        {(["password", "link"] as const).map((it) => (
          <label key={it} className="flex items-center gap-2">
            <input type="radio" name="lock" className="accent-accent" checked={kind === it} onChange={() => change({ kind: it })} />
            {t(`secure.by-${it}`)}
          </label>
        ))}
      </div>
      {kind === "password" ? (
        <div className="flex flex-wrap items-center gap-2">
          <label className="flex min-w-0 flex-1 flex-wrap items-center gap-2">
            <span className="text-quiet">{t("secure.password")}</span>
            <input value={password} autoComplete="off" spellCheck={false} onChange={(event) => change({ password: event.target.value })} className={`${input} min-w-40 flex-1 font-mono`} />
          </label>
          <Button onPress={() => change({ password: proposePassword() })}>{t("secure.propose")}</Button>
        </div>
      ) : (
        <p className="text-quiet">{t("secure.link-explain")}</p>
      )}
      {offer.sms && (
        <label className="flex flex-wrap items-center gap-2">
          <span className="text-quiet">{t("secure.telephone")}</span>
          <input type="tel" placeholder="+49 170 1234567" value={telephone} onChange={(event) => change({ telephone: event.target.value })} className={`${input} min-w-40 flex-1`} />
        </label>
      )}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <label className="flex items-center gap-2">
          <span className="text-quiet">{t("secure.days")}</span>
          <select value={protection.days || offer.days} onChange={(event) => change({ days: Number(event.target.value) })} className={input}>
            {[...new Set([...days, offer.days])].sort((a, b) => a - b).map((it) => <option key={it} value={it}>{t("compose.wait-days", { count: it })}</option>)}
          </select>
        </label>
        <label className="flex items-center gap-2">
          <span className="text-quiet">{t("secure.openings")}</span>
          <input type="number" min={1} max={offer.openings_max} value={protection.openings || offer.openings} onChange={(event) => change({ openings: Number(event.target.value) })} className={`${input} w-20`} />
        </label>
        <label className="flex items-center gap-2">
          <span className="text-quiet">{t("secure.language")}</span>
          <select value={language} onChange={(event) => speak(event.target.value === "zh" ? "zh" : "en")} className={input}>
            <option value="en">English</option>
            <option value="zh">简体中文</option>
          </select>
        </label>
      </div>
      <ul>
        {offer.recipients.map(({ address }) => <li key={address} className="text-quiet">{t(kind === "password" ? "secure.gets-letter" : "secure.gets-link", { address })}</li>)}
      </ul>
    </fieldset>
  );
}

/** What is left to do: the password or the link goes to the partner in another way. */
function Done({ made, protection, close }: { made: Made[]; protection: Protection; close: () => void }) {
  const { t, i18n } = useTranslation();
  const [copied, setCopied] = useState("");
  const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => setCopied(text), () => setCopied(""));
  return (
    <div className="flex flex-col gap-3 p-4">
      <p role="status" className="font-semibold">{t("secure.sent")}</p>
      <p>{t(protection.kind === "password" ? "secure.tell-password" : "secure.tell-link")}</p>
      {protection.kind === "password" && (
        <p className="flex flex-wrap items-center gap-2">
          <code className="rounded-md bg-hover px-2 py-1">{protection.password}</code>
          <Button onPress={() => copy(protection.password)}>{t(copied === protection.password ? "secure.copied" : "secure.copy")}</Button>
        </p>
      )}
      <ul className="flex flex-col gap-2">
        {made.map(({ to, link, expires }) => (
          <li key={link} className="flex flex-col gap-1">
            <span><bdi>{to}</bdi> · {t("secure.until", { date: longDate(expires, i18n.language) })}</span>
            <span className="flex flex-wrap items-center gap-2">
              <input readOnly value={link} aria-label={t("secure.link-for", { address: to })} className={`${input} min-w-40 flex-1`} />
              <Button onPress={() => copy(link)}>{t(copied === link ? "secure.copied" : "secure.copy")}</Button>
            </span>
          </li>
        ))}
      </ul>
      <div><Button look="first" onPress={close}>{t("app.close")}</Button></div>
    </div>
  );
}
