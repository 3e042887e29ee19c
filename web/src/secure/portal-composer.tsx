// Writing a message that is encrypted in this browser. Nothing of it goes to the server before that: no draft is saved, no file is uploaded.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { parseAddresses } from "../compose/addresses";
import { longDate, size } from "../i18n/format";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { languageFor, PASSWORD_MIN, proposePassword, rememberLanguage } from "./choice";
import { deliver, type Made, type Protection } from "./deliveries";
import type { Offer } from "./offer";
import { useOffer } from "./protection";
import { selfContained } from "./pictures";
import { addressTrouble, Fields, type FormProps, FormWindow, useWriting } from "./unsaved";

const input = "min-h-8 rounded-md border border-strong-line bg-paper px-2";

export default function PortalComposer(props: FormProps) {
  const { draft, identity, close } = props;
  const { t, i18n } = useTranslation();
  const owner = useStore().client.session.username;
  const [writing, write] = useWriting(props);
  const { to, subject, body, files } = writing;
  const [protection, setProtection] = useState<Protection>({ kind: "password", password: "", telephone: "", days: 0, openings: 0, language: "en" });
  const [language, setLanguage] = useState<"en" | "zh">();
  const [wrong, setWrong] = useState<string>();
  const [progress, setProgress] = useState<number>();
  const [made, setMade] = useState<Made[]>();
  const offer = useOffer([to]);
  const first = offer?.recipients[0]?.address ?? "";
  const spoken = language ?? languageFor(first, `${subject} ${body.text}`);
  const change = (part: Partial<Protection>) => {
    setWrong(undefined);
    setProtection((before) => ({ ...before, ...part }));
  };

  const obstacle = (): string | undefined => {
    const trouble = addressTrouble(to, t);
    if (trouble) return trouble;
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
      const html = await selfContained(body.html);
      const done: Made[] = [];
      for (const [index, { email }] of all.entries()) {
        const message = { v: 1 as const, from: { name: identity.name, email: identity.email }, to: email, date: new Date().toISOString(), subject, text: body.text, html, files: files.map((it) => ({ name: it.name, type: it.type, size: it.size })) };
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
    <FormWindow title={subject || t("secure.title")} close={close}>
      {made ? (
        <Done made={made} protection={protection} close={close} />
      ) : (
        <>
          <Fields explain={t("secure.explain")} html={draft.html} writing={writing} change={write} />
          {offer && <Lockings offer={offer} protection={{ ...protection, language: spoken }} change={change} speak={setLanguage} />}
          {wrong && <p role="alert" className="border-t border-line px-4 py-1.5 text-danger">{wrong}</p>}
          <footer className="flex flex-wrap items-center gap-3 border-t border-line p-2">
            <Button look="first" icon="sent" isDisabled={progress !== undefined || offer === undefined} onPress={() => void send()}>{t("secure.send")}</Button>
            {progress !== undefined && <span role="status" className="text-quiet">{t("secure.sending", { percent: Math.round(progress * 100) })}</span>}
          </footer>
        </>
      )}
    </FormWindow>
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
