// A message of another, which somebody may read now: sanitised here, shown in a document that runs and loads nothing.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Content, contentOf } from "../../endtoend/mail-content";
import { size } from "../../i18n/format";
import { SealedBody } from "../../secure/sealed-body";
import { Button } from "../../ui/button";
import { Fact, Facts } from "../kit/parts";
import { octetsOf, saveFile } from "../kit/remote";

export function MailShown({ base64, name }: { base64: string; name: string }) {
  const { t, i18n } = useTranslation();
  const [content, setContent] = useState<Content>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    let ended = false;
    setContent(undefined);
    contentOf(octetsOf(base64)).then((found) => !ended && setContent(found), (reason: Error) => !ended && setError(reason));
    return () => {
      ended = true;
    };
  }, [base64]);
  const keep = <Button onPress={() => saveFile(`${name}.eml`, "message/rfc822", octetsOf(base64))}>{t("mailshown.save")}</Button>;
  if (error) return <p role="alert" className="text-danger">{t("mailshown.unreadable")} {keep}</p>;
  if (!content) return <p className="text-quiet">{t("app.loading")}</p>;
  const { subject, from, to, text, html, files } = content;
  return (
    <div className="flex flex-col gap-3">
      <Facts>
        <Fact name="mailshown.subject">{subject || t("mailshown.no-subject")}</Fact>
        <Fact name="mailshown.from">{from}</Fact>
        <Fact name="mailshown.to">{to}</Fact>
        {files.length > 0 && (
          <Fact name="mailshown.files">
            <ul className="flex flex-col gap-1">
              {files.map((file) => (
                <li key={`${file.name} ${file.content.length}`} className="flex flex-wrap items-center gap-2">
                  <bdi>{file.name || t("mailshown.no-name")}</bdi>
                  <span className="text-quiet">{size(file.content.length, i18n.language)}</span>
                  {/* Nothing but octets, so that no program opens it by itself. */}
                  <Button onPress={() => saveFile(file.name || "file", "application/octet-stream", new Uint8Array(file.content))}>{t("mailshown.save-file")}</Button>
                </li>
              ))}
            </ul>
          </Fact>
        )}
      </Facts>
      <SealedBody message={{ v: 1, from: { name: "", email: "" }, to: "", date: "", subject, text, files: [], ...(html === undefined ? {} : { html }) }} />
      <div>{keep}</div>
    </div>
  );
}
