// Writing a message that colleagues alone can read. Nothing of it goes to the server before it is encrypted: no draft is saved, no file uploaded.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { addressesIn } from "../compose/recipient-protection";
import { selfContained } from "../secure/pictures";
import { addressTrouble, Fields, type FormProps, FormWindow, useWriting } from "../secure/unsaved";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";
import { accept, canonical, type Colleague, colleagues } from "./directory";
import { KeyGate } from "./key-gate";
import { type Said, trustOf } from "./said";
import { sendProtected } from "./sending";
import { useStatements } from "./statements";
import { Fingerprint, StatementsTrouble, Trust } from "./trust";

/** Keys are asked for when nobody has typed for so long. */
const ASK_AFTER_MS = 400;

export default function EndComposer(props: FormProps) {
  const { t } = useTranslation();
  return (
    <FormWindow title={t("end.title")} close={props.close}>
      <KeyGate><Form {...props} /></KeyGate>
    </FormWindow>
  );
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

/** Nobody encrypts to a key that is another than the verified one, or than before unless somebody has verified or taken it. */
function isDoubtful({ address, fingerprint, before }: Colleague, said: Said): boolean {
  const trust = trustOf(said, address, fingerprint);
  return trust === "changed" || (trust === "never" && before !== undefined);
}

function Form(props: FormProps) {
  const { draft, identity, close } = props;
  const { t } = useTranslation();
  const store = useStore();
  const { say } = useNotices();
  const [writing, write] = useWriting(props);
  const { to, subject, body, files } = writing;
  const [wrong, setWrong] = useState<string>();
  const [isSending, setSending] = useState(false);
  const addresses = [...new Set(addressesIn([to]).map(canonical))];
  const { keys, alarm, again } = useKeys(addresses);
  const heard = useStatements();
  const { said } = heard;
  const keyless = keys ? addresses.filter((address) => !keys.some((key) => key.address === address)) : [];

  const send = async () => {
    if (!keys || !said) return;
    const isRefused = keyless.length > 0 || keys.some((key) => isDoubtful(key, said));
    const why = addressTrouble(to, t) ?? (isRefused ? t("end.not-all") : undefined);
    setWrong(why);
    if (why) return;
    setSending(true);
    try {
      const content = await Promise.all(files.map(async (it) => ({ name: it.name, type: it.type, content: new Uint8Array(await it.arrayBuffer()) })));
      const html = await selfContained(body.html);
      await sendProtected(store, identity, { from: identity, to: addresses, subject, text: body.text, html, files: content, inReplyTo: draft.inReplyTo, references: draft.references, now: new Date() }, keys);
      close();
      say(t("end.sent"));
    } catch (error) {
      setWrong(t("app.error", { reason: error instanceof Error ? error.message : String(error) }));
      setSending(false);
    }
  };
  return (
    <>
      <Fields explain={t("end.explain")} html={draft.html} writing={writing} change={write} />
      <ul aria-label={t("end.recipients")} className="border-t border-line px-4 py-1.5 empty:hidden">
        {alarm && <li role="alert" className="text-danger">{t("end.alarm", { reason: alarm })}</li>}
        {keyless.map((address) => <li key={address} className="text-danger">{t("end.no-key", { address })}</li>)}
        {said && keys?.map((key) => (
          <Recipient
            key={key.address}
            of={key}
            said={said}
            take={() => {
              accept(store.client, key);
              again();
            }}
          />
        ))}
      </ul>
      <StatementsTrouble of={heard} />
      {wrong && <p role="alert" className="border-t border-line px-4 py-1.5 text-danger">{wrong}</p>}
      <footer className="border-t border-line p-2">
        <Button look="first" icon="sent" isDisabled={isSending || keys === undefined || said === undefined || alarm !== undefined} onPress={() => void send()}>{t("secure.send")}</Button>
      </footer>
    </>
  );
}

/** What key a recipient has, and what the author has said of it. */
function Recipient({ of, said, take }: { of: Colleague; said: Said; take: () => void }) {
  const { t } = useTranslation();
  const { address, fingerprint } = of;
  const isNewer = of.before !== undefined && trustOf(said, address, fingerprint) === "never";
  return (
    <li className={isNewer ? "text-danger" : "text-quiet"}>
      {!isDoubtful(of, said) && t("end.has-key", { address })}
      {isNewer && <>{t("end.changed", { address })} <Button onPress={take}>{t("end.take")}</Button></>}
      <Trust theirs={of} said={said} />
      <Fingerprint of={fingerprint} />
    </li>
  );
}
