// A message of another that waits until somebody allows it, as its reader: text and names of files alone, with what rules found marked. Nothing of it is
// drawn, loaded or saved. Each look is on record.

import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { size } from "../i18n/format";

interface Stretch {
  text: string;
  rules: string[];
}

export interface WaitingRead {
  id: string;
  sender: string | null;
  to: string[];
  subject_read: Stretch[];
  reason: string | null;
  rules: { rule: string; found: string[] }[];
  needs: { rule: string; by: string; given: boolean }[];
  expires: string;
  may_decide: boolean;
  by_itself: boolean;
  envelope_from: string;
  fields: { name: string; value: string }[];
  body: Stretch[];
  cut: boolean;
  unreadable: boolean;
  files: { name: Stretch[]; kinds: string[]; octets: number; locked: boolean; found: { rule: string; text: string }[] }[];
}

/** Text in which a mark says by which rule. */
function Marked({ of }: { of: Stretch[] }) {
  return (
    <bdi>
      {of.map((it, index) => (
        // Stretches have no names; each stands where it stands.
        // oxlint-disable-next-line react/no-array-index-key
        <Fragment key={index}>{it.rules.length === 0 ? it.text : <mark title={it.rules.join(", ")} className="rounded-sm bg-warning-ground px-0.5 font-medium text-text">{it.text}</mark>}</Fragment>
      ))}
    </bdi>
  );
}

export function WaitingShown({ of }: { of: WaitingRead }) {
  const { t, i18n } = useTranslation();
  const subject = of.subject_read.map((it) => it.text).join("");
  return (
    <div className="flex flex-col gap-3">
      {of.by_itself && <p role="note">{t("waitingmail.by-itself")}</p>}
      <section aria-label={t("waitingmail.found")}>
        <h3 className="font-medium">{t("waitingmail.found")}</h3>
        <ul>{of.rules.map((it) => <li key={it.rule}><bdi className="font-medium">{it.rule}</bdi>{t("protect.colon")} {it.found.join(t("outbound.and"))}</li>)}</ul>
      </section>
      <section aria-label={t("waitingmail.envelope")}>
        <h3 className="font-medium">{t("waitingmail.envelope")}</h3>
        <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1">
          <dt className="text-quiet">{t("waitingmail.from")}</dt>
          <dd className="break-all"><bdi>{of.envelope_from || of.sender}</bdi></dd>
          <dt className="text-quiet">{t("waitingmail.to")}</dt>
          <dd className="break-all">{of.to.map((it) => <div key={it}><bdi>{it}</bdi></div>)}</dd>
          <dt className="text-quiet">{t("waitingmail.subject")}</dt>
          <dd>{subject.trim() === "" ? t("waitingmail.no-subject") : <Marked of={of.subject_read} />}</dd>
        </dl>
      </section>
      <section aria-label={t("waitingmail.text")}>
        <h3 className="font-medium">{t("waitingmail.text")}</h3>
        {of.unreadable && <p className="text-warning">{t("waitingmail.unreadable")}</p>}
        {/* A long text is moved within its own frame, by keys too. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre role="group" tabIndex={0} dir="auto" aria-label={t("waitingmail.text")} className="max-h-96 overflow-auto rounded-md border border-line bg-ground p-3 font-sans break-words whitespace-pre-wrap">
          {of.body.length === 0 ? t("waitingmail.empty") : <Marked of={of.body} />}
        </pre>
        {of.cut && <p className="text-quiet">{t("waitingmail.cut")}</p>}
      </section>
      {of.files.length > 0 && (
        <section aria-label={t("waitingmail.files")}>
          <h3 className="font-medium">{t("waitingmail.files")}</h3>
          <p className="text-quiet">{t("waitingmail.files-about")}</p>
          <ol>
            {of.files.map((file, index) => (
              // Two files may be called alike.
              // oxlint-disable-next-line react/no-array-index-key
              <li key={index} className="border-t border-line py-1">
                {file.name.length === 0 ? t("waitingmail.no-name") : <Marked of={file.name} />} <span className="text-quiet">{size(file.octets, i18n.language)}{file.locked && ` · ${t("waitingmail.locked")}`}</span>
                {file.found.map((it) => <div key={`${it.rule} ${it.text}`}><bdi className="font-medium">{it.rule}</bdi>{t("protect.colon")} {it.text}</div>)}
              </li>
            ))}
          </ol>
        </section>
      )}
      <details>
        <summary className="cursor-pointer">{t("waitingmail.fields")}</summary>
        <dl className="mt-1 grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 text-[13px]">
          {of.fields.map((it, index) => (
            // Fields repeat.
            // oxlint-disable-next-line react/no-array-index-key
            <Fragment key={index}><dt dir="ltr" className="text-quiet">{it.name}</dt><dd dir="auto" className="break-all">{it.value}</dd></Fragment>
          ))}
        </dl>
      </details>
      <p className="text-quiet">{t("waitingmail.recorded")}</p>
    </div>
  );
}
