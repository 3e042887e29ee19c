// Passkeys that unlock the key, beside passphrase and recovery code.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Line, Section, useDeed, When } from "../account/section";
import { useWithFactor } from "../account/step-up";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { type PasskeyWrap, wrapBy } from "./engine";
import { WhenUnlocked } from "./key-gate";
import { type OwnKey, ownKey, passkeysOf, reseal, withoutPasskey } from "./own-key";
import { ask, type Factors, factorsOf, freshSalt, type Given, makeFor, passkeyWords } from "./passkey";

const LABEL_MAX = 60;

export function Passkeys({ own, again }: { own: OwnKey; again: () => void }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const { say } = useNotices();
  const deed = useDeed();
  const [isAdding, setAdding] = useState(false);
  const passkeys = passkeysOf(own);
  const remove = ({ credential }: PasskeyWrap) => deed(async () => {
    const now = await ownKey(client, accountId);
    if (now) await reseal(client.session.username, now, withoutPasskey(now.sealed, credential));
  }, () => {
    say(t("end.passkey-removed"));
    again();
  });
  return (
    <Section title={t("end.passkeys")} beside={<Button onPress={() => setAdding(true)}>{t("end.passkey-add")}</Button>}>
      <p className="mb-2 text-quiet">{t("end.passkeys-why")}</p>
      {passkeys.length === 0 ? (
        <p className="text-quiet">{t("end.passkeys-none")}</p>
      ) : (
        <ul>
          {passkeys.map((it) => (
            <Line key={it.credential} name={it.label} facts={<span>{t("end.passkey-since")} <When at={it.since} /></span>}>
              <Button look="danger" aria-label={t("end.passkey-remove-one", { name: it.label })} onPress={() => remove(it)}>{t("end.passkey-remove")}</Button>
            </Line>
          ))}
        </ul>
      )}
      <Dialog title={t("end.passkey-add")} isOpen={isAdding} close={() => setAdding(false)}>
        <WhenUnlocked own={own}>
          <Add
            done={() => {
              setAdding(false);
              say(t("end.passkey-added"));
              again();
            }}
          />
        </WhenUnlocked>
      </Dialog>
    </Section>
  );
}

/** Second factors of the account that could open the key, too; null if there are none. */
function useFactors(): Factors | null | undefined {
  const [factors, setFactors] = useState<Factors | null>();
  useEffect(() => {
    let ended = false;
    factorsOf().then((found) => ended || setFactors(found ?? null), () => ended || setFactors(null));
    return () => {
      ended = true;
    };
  }, []);
  return factors;
}

function Add({ done }: { done: () => void }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const address = client.session.username;
  const withFactor = useWithFactor();
  const factors = useFactors();
  const [label, setLabel] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();

  const work = async (give: (salt: string, known: string[]) => Promise<Given>) => {
    const own = await ownKey(client, accountId);
    if (!own) throw new Error("notFound");
    const salt = freshSalt();
    const { credential, site, secret } = await give(salt, passkeysOf(own).map((it) => it.credential));
    const sealed = await wrapBy(own.sealed, { salt, credential, site, label: label.trim(), since: new Date().toISOString() }, secret);
    await withFactor(() => reseal(address, own, sealed));
    done();
  };
  const run = (give: (salt: string, known: string[]) => Promise<Given>) => {
    setWrong(label.trim() === "" ? t("end.passkey-unnamed") : undefined);
    if (label.trim() === "") return;
    setBusy(true);
    work(give).catch((error: Error) => setWrong(passkeyWords(error, t))).finally(() => setBusy(false));
  };
  const makeOne = () => run((salt, known) => makeFor(address, t("end.passkey-name"), salt, known));
  const reuse = ({ site, credentials }: Factors) => run((salt) => ask(site, Object.fromEntries(credentials.map((credential) => [credential, salt]))));
  return (
    <div className="flex flex-col gap-3">
      <p>{t(factors ? "end.passkey-reuse-explain" : "end.passkey-add-explain")}</p>
      <label className="flex flex-wrap items-center justify-between gap-2">
        <span className="text-quiet">{t("factor.label")}</span>
        <input dir="auto" maxLength={LABEL_MAX} value={label} onChange={(event) => setLabel(event.target.value)} className="min-h-8 w-60 max-w-full rounded-md border border-strong-line bg-paper px-2" />
      </label>
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
      <div className="flex flex-wrap justify-end gap-2">
        <Button look={factors ? "plain" : "first"} isDisabled={isBusy || factors === undefined} onPress={makeOne}>{t("end.passkey-make")}</Button>
        {factors && <Button look="first" isDisabled={isBusy} onPress={() => reuse(factors)}>{t("end.passkey-reuse")}</Button>}
      </div>
    </div>
  );
}
