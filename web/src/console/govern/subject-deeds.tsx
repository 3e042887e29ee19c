// What a request asks for is carried out: told, set right, restricted, erased. What takes a second person is asked for here and waits.

import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Moment, Tone, useSaid } from "../kit/parts";
import { octetsOf, saveFile } from "../kit/remote";
import { type Request, sentenceOf, TONES } from "./request";
import { Remark, useAsked } from "./shared";
import { asksFor, isRestricted, type Whole } from "./subject";
import { Held } from "./subject-course";

interface Report {
  file: string;
  base64: string;
  note: string | null;
}

export function Deeds({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const said = useSaid();
  const asked = useAsked<Request[]>("approval-list", { own: !may("approval.read") });
  const waiting = (asked.told ?? []).filter(({ action, details }) => action.startsWith("subject-") && details?.id === of.id);
  const lifts = asksFor.restriction(of) && isRestricted(of) && may("subject.change");
  const works = of.state === "open" && (may("subject.change") || may("subject.erase"));
  if (!works && !lifts && waiting.length === 0) return null;
  const all = () => {
    again();
    asked.again();
  };
  return (
    <Block title="subject.carry-out">
      <div className="flex flex-col gap-3">
        {waiting.map((request) => (
          <Remark key={request.request} tone={request.state === "failed" ? "warning" : "quiet"}>
            <Tone tone={TONES[request.state]}>{t(`approval.state-${request.state}`)}</Tone> {sentenceOf(request, said)} <Moment at={request.since} />
            {request.state === "failed" && request.outcome && <p className="whitespace-pre-wrap">{request.outcome}</p>}
          </Remark>
        ))}
        {works && of.identity === null && <p className="text-quiet">{t("subject.first-known")}</p>}
        {works && of.identity !== null && <Work of={of} again={all} />}
        {lifts && <div><ActButton action="subject-restrict" body={{ id: of.id, lift: true }} label="subject.lift" ask={<p>{t("subject.lift-ask")}</p>} done={all} /></div>}
        {works && of.carried_out && <p><Tone tone="ok">{t("subject.carried-out")}</Tone></p>}
      </div>
    </Block>
  );
}

function Work({ of, again }: { of: Whole; again: () => void }) {
  const may = useMay();
  if (asksFor.erasure(of)) return may("subject.erase") ? <Erase of={of} again={again} /> : null;
  if (!may("subject.change")) return null;
  if (asksFor.report(of)) return <Tell of={of} again={again} />;
  if (asksFor.correction(of)) return <Correct of={of} again={again} />;
  return isRestricted(of) ? null : <Restrict of={of} again={again} />;
}

/** What is held of him, as a file; content of mail by an investigation alone. */
function Tell({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const save = ({ file, base64, note }: Report) => {
    saveFile(file, "application/octet-stream", octetsOf(base64));
    if (note) saveFile(`${file}.note`, "text/plain", note);
    again();
  };
  if (!of.found?.whole) return <p className="text-quiet">{t("subject.first-search")}</p>;
  return (
    <>
      <p>{t("subject.report-what")}</p>
      <div className="flex flex-wrap gap-2">
        <FormButton<Report>
          label="subject.report"
          look="first"
          action="subject-report"
          submit="subject.report"
          fixed={{ id: of.id }}
          initial={{ language: of.language, format: of.kind === "export" ? "json" : "pdf" }}
          fields={[
            { name: "language", label: "proofs.language", kind: "choice", options: [["zh", "proofs.language-zh"], ["en", "proofs.language-en"]] },
            { name: "format", label: "proofs.format", kind: "choice", options: [["pdf", "PDF"], ["json", "JSON"], ["csv", "CSV"]] },
          ]}
          done={save}
        />
        {may("investigation.open") && of.investigation === null && (
          <FormButton label="subject.investigate" action="subject-investigate" submit="subject.investigate" fixed={{ id: of.id }} fields={[{ name: "reason", label: "subject.investigate-reason", hint: "subject.investigate-hint", kind: "long" }]} done={again}>
            <p className="text-quiet">{t("subject.investigate-what")}</p>
          </FormButton>
        )}
      </div>
      {of.investigation !== null && <p><Link to={`/investigations/${of.investigation}` as string} className="text-accent underline">{t("subject.investigation")}</Link></p>}
    </>
  );
}

function Correct({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  const name = { name: "name", label: "subject.correct-name" };
  const addresses = [
    { name: "add", label: "subject.correct-add", kind: "address" as const, isOptional: true },
    { name: "remove", label: "subject.correct-remove", kind: "address" as const, isOptional: true },
  ];
  return (
    <>
      <p>{t(of.ours ? "subject.correct-ours" : "subject.correct-outside")}</p>
      <div><FormButton label="subject.correct" look="first" action="subject-correct" submit="subject.correct" fixed={{ id: of.id }} fields={of.ours ? [{ ...name, isOptional: true }, ...addresses] : [name]} done={again} /></div>
    </>
  );
}

function Restrict({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  return (
    <>
      <p>{t("subject.restrict-what")}</p>
      <div><ActButton action="subject-restrict" body={{ id: of.id, lift: false }} label="subject.restrict" look="first" ask={<p>{t("subject.restrict-ask")}</p>} done={again} /></div>
    </>
  );
}

function Erase({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <>
      {may("hold.read") && <Held of={of} />}
      <p>{t(of.ours ? "subject.erase-ours" : "subject.erase-outside")}</p>
      <div>
        <FormButton label="subject.erase" look="danger" action="subject-erase" submit="subject.erase-ask" fixed={{ id: of.id }} fields={[{ name: "remove_mail", label: "subject.erase-mail", hint: "subject.erase-mail-hint", kind: "long", isOptional: true }]} done={again}>
          <p className="text-quiet">{t("subject.erase-second")}</p>
        </FormButton>
      </div>
    </>
  );
}
