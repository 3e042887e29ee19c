// The text of an encrypted message, once the key is unlocked; what signed it, in words.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { size } from "../i18n/format";
import type { Message } from "../jmap/types";
import { save } from "../sealed/transfer";
import { SealedBody } from "../secure/sealed-body";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { canonical } from "./directory";
import { KeyGate } from "./key-gate";
import { read, type Read } from "./reading";
import { type Said, trustOf } from "./said";
import { useStatements } from "./statements";
import { StatementsTrouble, Trust } from "./trust";

export default function EncryptedBody({ message }: { message: Message }) {
  return <KeyGate><Body key={message.id} message={message} /></KeyGate>;
}

function Body({ message }: { message: Message }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const [shown, setShown] = useState<Read>();
  const [wrong, setWrong] = useState<string>();
  const { id } = message;
  useEffect(() => {
    let ended = false;
    read(store, message).then((opened) => ended || setShown(opened), (error: Error) => ended || setWrong(error.message));
    return () => {
      ended = true;
    };
    // What a message says never changes; its keywords do.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [store, id]);
  if (wrong) return <p role="alert" className="text-danger">{t("end.not-opened", { reason: wrong })}</p>;
  if (!shown) return <p className="text-quiet">{t("app.loading")}</p>;
  const { subject, text, html, files, signer } = shown;
  return (
    <>
      <h2 dir="auto" className="mb-1 font-semibold">{subject || t("list.no-subject")}</h2>
      <Signature of={shown} />
      <SealedBody message={{ v: 1, from: { name: "", email: signer }, to: "", date: "", subject, text, files: [], ...(html === undefined ? {} : { html }) }} />
      {files.length > 0 && (
        <ul aria-label={t("read.attachments", { count: files.length })} className="mt-3 flex flex-wrap gap-2">
          {files.map(({ name, content }, index) => (
            // Files of a message never change.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index}>
              <Button onPress={() => save(name, new Blob([content as Uint8Array<ArrayBuffer>]))}>{`${t("act.download", { name: name || t("read.unnamed") })} (${size(content.length, i18n.language)})`}</Button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** What of a signature is still in doubt when its key was verified: not that it is another than before. */
function standing({ signed, key }: Read, said: Said | undefined): Read["signed"] {
  return signed === "changed" && key && said && trustOf(said, key.address, key.fingerprint) === "verified" ? "colleague" : signed;
}

function Signature({ of }: { of: Read }) {
  const { t } = useTranslation();
  const own = canonical(useStore().client.session.username);
  const heard = useStatements();
  const signed = standing(of, heard.said);
  const isColleagues = of.key !== undefined && of.signer !== own && (signed === "colleague" || signed === "changed");
  return (
    <div className="mb-2">
      <p role="note" aria-label={t("end.signature")} className={signed === "colleague" ? "text-ok" : "font-semibold text-danger"}>{t(`end.signed-${signed}`, { address: of.signer })}</p>
      {isColleagues && of.key && heard.said && <Trust theirs={of.key} said={heard.said} />}
      {isColleagues && <StatementsTrouble of={heard} />}
    </div>
  );
}
