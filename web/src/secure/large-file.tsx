// A file that is too large for a message goes as a link: encrypted in this browser, with the key in the link, which stands in the message.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { BadAddress, parseAddresses } from "../compose/addresses";
import { escapeHtml } from "../compose/signature";
import { longDate, size } from "../i18n/format";
import type { Identity } from "../jmap/types";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { languageFor } from "./choice";
import { deliver } from "./deliveries";
import { useOffer } from "./protection";

interface Props {
  file: File;
  to: string;
  identity: Identity;
  insert: (html: string) => void;
  close: () => void;
}

export default function LargeFile({ file, to, identity, insert, close }: Props) {
  const { t, i18n } = useTranslation();
  const owner = useStore().client.session.username;
  const offer = useOffer([to]);
  const [progress, setProgress] = useState<number>();
  const [wrong, setWrong] = useState<string>();
  if (!offer?.enabled) return null;
  const limit = size(offer.bytes_max, i18n.language);
  const send = async () => {
    setProgress(0);
    setWrong(undefined);
    try {
      const email = parseAddresses(to)[0]?.email ?? identity.email;
      const message = { v: 1 as const, from: { name: identity.name, email: identity.email }, to: email, date: new Date().toISOString(), subject: file.name, text: "", files: [{ name: file.name, type: file.type, size: file.size }] };
      const made = await deliver(owner, message, [file], { kind: "link", password: "", telephone: "", days: 0, openings: offer.openings_max, language: languageFor(email, "") }, false, setProgress);
      const words = t("secure.file-line", { name: file.name, size: size(file.size, i18n.language), date: longDate(made.expires, i18n.language) });
      insert(`<p><a href="${escapeHtml(made.link)}">${escapeHtml(words)}</a></p>`);
      close();
    } catch (error) {
      setWrong(error instanceof BadAddress ? t("compose.bad-address", { text: error.text }) : t("app.error", { reason: error instanceof Error ? error.message : String(error) }));
      setProgress(undefined);
    }
  };
  return (
    <div className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-2">
      <span className="min-w-0 flex-1">{file.size > offer.bytes_max ? t("secure.file-too-large", { name: file.name, limit }) : t("secure.file-as-link", { name: file.name })}</span>
      {wrong && <span role="alert" className="text-danger">{wrong}</span>}
      {file.size <= offer.bytes_max && <Button isDisabled={progress !== undefined} onPress={() => void send()}>{progress === undefined ? t("secure.file-send") : t("secure.sending", { percent: Math.round(progress * 100) })}</Button>}
      <Button isDisabled={progress !== undefined} onPress={close}>{t("app.close")}</Button>
    </div>
  );
}
