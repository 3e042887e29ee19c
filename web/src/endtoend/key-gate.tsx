// What stands before encrypted mail: a key is made, entered into the directory, unlocked. Then comes what it is needed for.

import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDeed } from "../account/section";
import { StepUpProvider, useWithFactor } from "../account/step-up";
import { proposePassword } from "../secure/choice";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { make, type Made, nowUsed, type PasskeyWrap, unlock, unlockBy, useUnlocked } from "./engine";
import { enter, keep, type OwnKey, ownKey, passkeysOf } from "./own-key";
import { ask, passkeyWords } from "./passkey";

export const PASSPHRASE_MIN = 12;
const input = "min-h-8 min-w-40 flex-1 rounded-md border border-strong-line bg-paper px-2";

export function KeyGate({ children }: { children: ReactNode }) {
  return <StepUpProvider><Gate>{children}</Gate></StepUpProvider>;
}

function Gate({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const { client, accountId } = useStore();
  const [key, setKey] = useState<OwnKey | null>();
  const [recovery, setRecovery] = useState<string>();
  const [wrong, setWrong] = useState<string>();
  const load = useCallback(() => void ownKey(client, accountId).then((found) => setKey(found ?? null), (error: Error) => setWrong(error.message)), [client, accountId]);
  useEffect(load, [load]);
  if (wrong) return <p role="alert" className="p-3 text-danger">{t("app.error", { reason: wrong })}</p>;
  if (key === undefined) return <p className="p-3 text-quiet">{t("app.loading")}</p>;
  if (recovery) return <Recovery code={recovery} close={() => setRecovery(undefined)} />;
  if (key === null) {
    return (
      <MakeKey
        made={(code) => {
          setRecovery(code);
          load();
        }}
      />
    );
  }
  return <WhenUnlocked own={key}>{key.isPublished ? children : <Enter own={key} done={load} />}</WhenUnlocked>;
}

function MakeKey({ made }: { made: (recovery: string) => void }) {
  const { t } = useTranslation();
  const { client, accountId, identities } = useStore();
  const [passphrase, setPassphrase] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const email = client.session.username;
  const withFactor = useWithFactor();
  const work = async () => {
    const recovery = `${proposePassword()}-${proposePassword()}`;
    const name = identities.find((it) => it.email.toLowerCase() === email.toLowerCase())?.name ?? "";
    const key: Made = await make({ name, email, passphrase, recovery });
    await withFactor(() => keep(client, accountId, key));
    nowUsed(key);
    made(recovery);
  };
  const submit = () => {
    if (passphrase.normalize("NFC").trim().length < PASSPHRASE_MIN) {
      setWrong(t("end.passphrase-short", { count: PASSPHRASE_MIN }));
      return;
    }
    setBusy(true);
    work().catch((error: Error) => setWrong(t("app.error", { reason: error.message }))).finally(() => setBusy(false));
  };
  return (
    <Form submit={submit} explain={t("end.make-explain")} wrong={wrong}>
      <Field label={t("end.new-passphrase")} value={passphrase} change={setPassphrase} isNew />
      <Button look="first" type="submit" isDisabled={isBusy}>{t(isBusy ? "end.making" : "end.make")}</Button>
    </Form>
  );
}

/** What needs the key, once it is unlocked; before, what unlocks it. */
export function WhenUnlocked({ own, children }: { own: OwnKey; children: ReactNode }) {
  return useUnlocked() === own.fingerprint ? children : <Unlock own={own} />;
}

function Unlock({ own }: { own: OwnKey }) {
  const { t } = useTranslation();
  const [given, setGiven] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const run = (work: () => Promise<boolean>, notOpened: string) => {
    setBusy(true);
    setWrong(undefined);
    work().then((isOpen) => {
      if (!isOpen) setWrong(notOpened);
    }, (error: Error) => setWrong(passkeyWords(error, t))).finally(() => setBusy(false));
  };
  const byPasskey = (site: string, wraps: PasskeyWrap[]) => run(async () => {
    const shown = await ask(site, Object.fromEntries(wraps.map(({ credential, salt }) => [credential, salt])));
    return unlockBy(own.sealed, shown.credential, shown.secret);
  }, t("end.wrong-passkey"));
  // A browser asks for passkeys of one site at a time; there are several only after the server got another name.
  const passkeys = passkeysOf(own);
  const sites = [...new Set(passkeys.map(({ site }) => site))].map((site) => ({ site, wraps: passkeys.filter((it) => it.site === site) }));
  return (
    <Form submit={() => run(() => unlock(own.sealed, given), t("end.wrong-passphrase"))} explain={t("end.unlock-explain")} wrong={wrong}>
      <Field label={t("end.passphrase")} value={given} change={setGiven} />
      <Button look="first" type="submit" isDisabled={isBusy}>{t("end.unlock")}</Button>
      {sites.map(({ site, wraps }) => (
        <Button key={site} isDisabled={isBusy} onPress={() => byPasskey(site, wraps)}>{t("end.unlock-passkey", { names: wraps.map(({ label }) => label).join(", ") })}</Button>
      ))}
    </Form>
  );
}

/** Colleagues find a key once it is entered, which a stolen session cannot do. */
function Enter({ own, done }: { own: OwnKey; done: () => void }) {
  const { t } = useTranslation();
  const address = useStore().client.session.username;
  const deed = useDeed();
  return (
    <Form submit={() => deed(() => enter(address, own.fingerprint), done)} explain={t("end.enter-explain")} wrong={undefined}>
      <Button look="first" type="submit">{t("end.enter")}</Button>
    </Form>
  );
}

function Recovery({ code, close }: { code: string; close: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col items-start gap-3 p-4">
      <p>{t("end.recovery-explain")}</p>
      <code aria-label={t("end.recovery")} className="rounded-md bg-hover px-2 py-1 break-all">{code}</code>
      <Button look="first" onPress={close}>{t("end.recovery-kept")}</Button>
    </div>
  );
}

export function Form({ submit, explain, wrong, children }: { submit: () => void; explain: string; wrong: string | undefined; children: ReactNode }) {
  return (
    <form
      className="flex flex-col gap-3 p-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <p>{explain}</p>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
    </form>
  );
}

export function Field({ label, value, change, isNew = false }: { label: string; value: string; change: (value: string) => void; isNew?: boolean }) {
  return (
    <label className="flex min-w-0 flex-1 flex-wrap items-center gap-2">
      <span className="text-quiet">{label}</span>
      <input type="password" required autoComplete={isNew ? "new-password" : "off"} value={value} onChange={(event) => change(event.target.value)} className={input} />
    </label>
  );
}
