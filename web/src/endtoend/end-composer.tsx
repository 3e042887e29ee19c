// Writing a message that colleagues alone can read. Nothing of it goes to the server before it is encrypted: no draft is saved, no file uploaded.

import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { BadAddress, parseAddresses } from "../compose/addresses";
import type { Draft } from "../compose/draft";
import { AddressField } from "../contacts/address-field";
import type { Identity } from "../jmap/types";
import { selfContained } from "../secure/pictures";
import { useStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { useNotices } from "../ui/notices";
import { accept, canonical, type Colleague, colleagues } from "./directory";
import { KeyGate } from "./key-gate";
import { sendProtected } from "./sending";

const Editor = lazy(() => import("../compose/editor"));

/** Keys are asked for when nobody has typed for so long. */
const ASK_AFTER_MS = 400;

interface Props {
  draft: Draft;
  identity: Identity;
  files: File[];
  close: () => void;
}

export default function EndComposer(props: Props) {
  const { t } = useTranslation();
  return (
    <section role="dialog" aria-label={t("end.title")} className="fixed inset-0 z-30 flex flex-col overflow-y-auto border border-line bg-paper sm:inset-auto sm:end-4 sm:bottom-0 sm:h-[min(720px,94vh)] sm:w-[600px] sm:rounded-t-lg sm:shadow-lg">
      <header className="flex items-center gap-2 border-b border-line ps-4 pe-1">
        <h2 className="min-w-0 flex-1 truncate font-semibold">{t("end.title")}</h2>
        <IconButton icon="close" label={t("app.close")} onPress={props.close} />
      </header>
      <KeyGate><Writing {...props} /></KeyGate>
    </section>
  );
}

const fold = (addresses: string[]) => [...new Set(addresses.map(canonical))];

/** Addresses in the field, as far as they can be read. */
function addressesIn(text: string): string[] {
  try {
    return fold(parseAddresses(text).map(({ email }) => email));
  } catch {
    return [];
  }
}

/** What the directory says of these addresses; nothing as long as it is not known. */
function useKeys(addresses: string[]): { keys: Colleague[] | undefined; alarm: string | undefined; again: () => void } {
  const { client, accountId } = useStore();
  const [keys, setKeys] = useState<Colleague[]>();
  const [alarm, setAlarm] = useState<string>();
  const [count, setCount] = useState(0);
  const wanted = addresses.join("\n");
  useEffect(() => {
    let ended = false;
    setKeys(undefined);
    setAlarm(undefined);
    const timer = setTimeout(() => {
      colleagues(client, accountId, wanted === "" ? [] : wanted.split("\n")).then((found) => ended || setKeys(found), (error: Error) => ended || setAlarm(error.message));
    }, ASK_AFTER_MS);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [client, accountId, wanted, count]);
  return { keys, alarm, again: () => setCount((before) => before + 1) };
}

function Writing({ draft, identity, files: given, close }: Props) {
  const { t } = useTranslation();
  const store = useStore();
  const { say } = useNotices();
  const [to, setTo] = useState([draft.to, draft.cc, draft.bcc].filter((it) => it.trim() !== "").join(", "));
  const [subject, setSubject] = useState(draft.subject);
  const [written, setWritten] = useState({ html: draft.html, text: draft.text });
  const [files, setFiles] = useState(given);
  const [wrong, setWrong] = useState<string>();
  const [isSending, setSending] = useState(false);
  const addresses = addressesIn(to);
  const { keys, alarm, again } = useKeys(addresses);
  const keyless = keys ? addresses.filter((address) => !keys.some((key) => key.address === address)) : [];
  const changed = keys?.filter(({ before }) => before !== undefined) ?? [];

  const obstacle = (): string | undefined => {
    try {
      if (parseAddresses(to).length === 0) return t("compose.no-recipient");
    } catch (error) {
      if (error instanceof BadAddress) return t("compose.bad-address", { text: error.text });
      throw error;
    }
    return keyless.length > 0 || changed.length > 0 ? t("end.not-all") : undefined;
  };
  const send = async () => {
    const why = obstacle();
    setWrong(why);
    if (why || !keys) return;
    setSending(true);
    try {
      const content = await Promise.all(files.map(async (it) => ({ name: it.name, type: it.type, content: new Uint8Array(await it.arrayBuffer()) })));
      const html = await selfContained(written.html);
      await sendProtected(store, identity, { from: identity, to: addresses, subject, text: written.text, html, files: content, inReplyTo: draft.inReplyTo, references: draft.references, now: new Date() }, keys);
      close();
      say(t("end.sent"));
    } catch (error) {
      setWrong(t("app.error", { reason: error instanceof Error ? error.message : String(error) }));
      setSending(false);
    }
  };
  return (
    <>
      <p className="border-b border-line px-4 py-2 text-quiet">{t("end.explain")}</p>
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
      <ul aria-label={t("end.recipients")} className="border-t border-line px-4 py-1.5 empty:hidden">
        {alarm && <li role="alert" className="text-danger">{t("end.alarm", { reason: alarm })}</li>}
        {keyless.map((address) => <li key={address} className="text-danger">{t("end.no-key", { address })}</li>)}
        {keys?.map((key) => (
          <li key={key.address} className={key.before ? "text-danger" : "text-quiet"}>
            {t(key.before ? "end.changed" : "end.has-key", { address: key.address })}
            <Fingerprint of={key.fingerprint} />
            {key.before && <Button onPress={() => { accept(store.client, key); again(); }}>{t("end.compared")}</Button>}
          </li>
        ))}
      </ul>
      {wrong && <p role="alert" className="border-t border-line px-4 py-1.5 text-danger">{wrong}</p>}
      <footer className="border-t border-line p-2">
        <Button look="first" icon="sent" isDisabled={isSending || keys === undefined || alarm !== undefined} onPress={() => void send()}>{t("secure.send")}</Button>
      </footer>
    </>
  );
}

/** To be compared by telephone or in person. */
export function Fingerprint({ of }: { of: string }) {
  const { t } = useTranslation();
  return (
    <details className="text-quiet">
      <summary className="w-fit">{t("end.fingerprint")}</summary>
      <code className="break-all">{of.match(/.{1,4}/g)?.join(" ")}</code>
    </details>
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
  const { t } = useTranslation();
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
          <IconButton icon="close" label={t("compose.remove", { name: file.name })} onPress={() => change(files.filter((it) => it !== file))} />
        </span>
      ))}
    </div>
  );
}
