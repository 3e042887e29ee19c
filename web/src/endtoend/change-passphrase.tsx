// Another passphrase for the key that the browser has sealed. The key, its recovery code and other browsers stay as they are.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useWithFactor } from "../account/step-up";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { rewrap } from "./engine";
import { Field, Form, PASSPHRASE_MIN } from "./key-gate";
import { ownKey, reseal } from "./own-key";

export default function ChangePassphrase({ address, done }: { address: string; done: () => void }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const withFactor = useWithFactor();
  const [given, setGiven] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const work = async () => {
    const own = await ownKey(client, accountId);
    const sealed = own && (await rewrap(own.sealed, given, passphrase));
    if (!own || !sealed) {
      setWrong(t("end.wrong-passphrase"));
      return;
    }
    await withFactor(() => reseal(address, own, sealed));
    done();
  };
  const submit = () => {
    if (passphrase.normalize("NFC").trim().length < PASSPHRASE_MIN) {
      setWrong(t("end.passphrase-short", { count: PASSPHRASE_MIN }));
      return;
    }
    setBusy(true);
    setWrong(undefined);
    work().catch((error: Error) => setWrong(t("app.error", { reason: error.message }))).finally(() => setBusy(false));
  };
  return (
    <Form submit={submit} explain={t("end.change-explain")} wrong={wrong}>
      <Field label={t("end.passphrase")} value={given} change={setGiven} />
      <Field label={t("end.new-passphrase")} value={passphrase} change={setPassphrase} isNew />
      <Button look="first" type="submit" isDisabled={isBusy}>{t("end.change")}</Button>
    </Form>
  );
}
