// The register of processing: what this system does with data of people, from what is set and in force now, and what the company says of it.

import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, ScreenPage, useSaid } from "../kit/parts";
import { octetsOf, saveFile } from "../kit/remote";
import { useAsked } from "./shared";
import { SubjectTabs } from "./subject-tabs";

interface File {
  file: string;
  base64: string;
}

interface Register {
  organisation: string;
  made: string;
  whole: Record<string, string>;
  processing: { part: string; name: string; says: Record<string, string> }[];
}

/** What is said of the whole, and of each processing, in this order. */
const WHOLE = ["controller", "representative", "officer", "recipients", "transfers", "measures"];
const FIELDS = ["purpose", "data", "basis", "kept", "recipients"];
const OWN = "own.";
const FORMATS: [string, string][] = [["pdf", "processing.save-pdf"], ["csv", "processing.save-csv"], ["json", "processing.save-json"]];

export default function ProcessingScreen() {
  const { t } = useTranslation();
  const said = useSaid();
  const [language, setLanguage] = useState<"zh" | "en">(said);
  const acts = (
    <>
      {FORMATS.map(([format, label]) => (
        <ActButton<File> key={format} action="subject-processing" body={{ language, format }} label={label} done={({ file, base64 }) => saveFile(file, "application/octet-stream", octetsOf(base64))} />
      ))}
    </>
  );
  return (
    <ScreenPage title={t("processing.title")} about={t("processing.about")} acts={acts}>
      <SubjectTabs />
      <label className="flex flex-col items-start">
        <span className="text-quiet">{t("processing.language")}</span>
        <select className="min-h-8 rounded-md border border-strong-line bg-paper px-2" value={language} onChange={(event) => setLanguage(event.target.value as "zh" | "en")}>
          {["zh", "en"].map((it) => <option key={it} value={it}>{t(`proofs.language-${it}`)}</option>)}
        </select>
      </label>
      <Shown key={language} language={language} />
    </ScreenPage>
  );
}

function Shown({ language }: { language: "zh" | "en" }) {
  const mayChange = useMay()("subject.change");
  const known = useAsked<File>("subject-processing", { language, format: "json" });
  const register = useMemo(() => known.told && (JSON.parse(new TextDecoder().decode(octetsOf(known.told.base64))) as Register), [known.told]);
  return (
    <Told of={{ ...known, told: register }}>
      {({ whole, processing }) => (
        <>
          <Block title="processing.whole"><Parts names={WHOLE} says={whole} part={(name) => name} language={language} again={known.again} mayChange={mayChange} /></Block>
          {processing.map(({ part, name, says }) => (
            <section key={part} aria-label={name} className="rounded-lg border border-line bg-paper p-4">
              <h2 dir="auto" className="mb-2 text-[15px] font-semibold">{name}</h2>
              <Parts names={FIELDS.filter((field) => says[field] !== undefined)} says={says} part={(field) => (part.startsWith(OWN) ? part : `${part}.${field}`)} language={language} again={known.again} mayChange={mayChange} />
            </section>
          ))}
          {mayChange && (
            <div>
              <FormButton
                label="processing.add"
                action="subject-processing-set"
                submit="processing.add"
                fields={[{ name: "part", label: "processing.name", hint: "processing.name-hint" }, { name: "text", label: "processing.field-purpose", kind: "long" }]}
                body={({ part, text }) => ({ part: `${OWN}${String(part)}`, language, text })}
                done={known.again}
              />
            </div>
          )}
        </>
      )}
    </Told>
  );
}

function Parts({ names, says, part, language, again, mayChange }: { names: string[]; says: Record<string, string>; part: (name: string) => string; language: string; again: () => void; mayChange: boolean }) {
  const { t } = useTranslation();
  return (
    <dl className="grid grid-cols-[minmax(8rem,14rem)_1fr_auto] gap-x-4 gap-y-2 max-sm:grid-cols-1">
      {names.map((name) => (
        <div key={name} className="contents">
          <dt className="text-quiet">{t(`processing.field-${name}`)}</dt>
          <dd lang={language} dir="auto" className="min-w-0 whitespace-pre-wrap">{says[name]}</dd>
          <dd>
            {mayChange && (
              <FormButton
                label="processing.change"
                name={part(name)}
                action="subject-processing-set"
                submit="kit.keep"
                fixed={{ part: part(name), language }}
                initial={{ text: says[name] ?? "" }}
                fields={[{ name: "text", label: `processing.field-${name}`, hint: "processing.change-hint", kind: "long", isOptional: true }]}
                done={again}
              />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
