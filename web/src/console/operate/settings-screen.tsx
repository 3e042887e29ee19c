// Every setting of the installation: what holds, from where, and what it waits for.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { List, useFilters } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { ScreenPage, Tone, useSaid } from "../kit/parts";
import { base64Of, type Load, octetsOf, saveFile } from "../kit/remote";
import { ActButton, FormButton } from "../kit/form";
import { Compared, type Difference } from "./compared";

export interface Setting {
  name: string;
  section: string;
  doc: string;
  type: string;
  unit: string | null;
  default: unknown;
  value: unknown;
  text: string | null;
  secret: boolean;
  source: "default" | "file" | "store" | "level" | string;
  source_words: string;
  applies: "live" | "restart" | "file";
  applies_words: string;
  changed: boolean;
  pending?: unknown;
  conflict?: string | null;
  file?: { path: string; line: number; value: unknown } | null;
  version?: number;
  changed_by?: string | null;
  changed_at?: string | null;
  reason?: string | null;
  changed_with?: string;
}

const SECTION = [{ name: "section", label: "setting.section" }];

export default function SettingsScreen() {
  const { t } = useTranslation();
  const language = useSaid();
  const may = useMay();
  const { alone } = useMe();
  const [version, setVersion] = useState(0);
  const [shown, setShown] = useState<Difference[]>();
  const [sections, setSections] = useState<string[]>([]);
  const load: Load<Setting> = async ({ filters, cursor, limit }) => {
    const { search, section, changed } = filters;
    const page = await act<{ settings: Setting[]; sections: string[]; next: string | null }>("setting-list", { search: search ?? null, section: section ?? null, changed_only: changed === "yes", language, cursor, limit });
    setSections(page.sections);
    return { items: page.settings, next: page.next };
  };
  // What the address of the page names stays chosen before the sections are known.
  const { section: named } = useFilters(SECTION)[0];
  const options = [...new Set([...(named === undefined ? [] : [named]), ...sections])].toSorted();
  if (!alone) return <ScreenPage title={t("setting.title")}><p>{t("setting.not-alone")}</p></ScreenPage>;
  const acts = (
    <>
      <ActButton<{ text: string }> action="config-export" label="setting.export" done={({ text }) => saveFile("tradewind-configuration.toml", "application/toml", text)} />
      {may("policy.change") && (
        <FormButton<{ differences: Difference[]; applied: boolean }>
          label="setting.import"
          action="config-import"
          submit="setting.import-do"
          fields={[
            { name: "text", label: "setting.import-file", kind: "file", accept: ".toml,application/toml,text/plain" },
            { name: "dry_run", label: "setting.import-try", hint: "setting.import-try-hint", kind: "switch" },
            { name: "reason", label: "setting.reason", hint: "setting.reason-hint", isOptional: true },
            { name: "protect_less", label: "setting.protect-less", kind: "switch" },
          ]}
          initial={{ dry_run: true }}
          body={(typed) => ({ ...typed, text: new TextDecoder().decode(octetsOf(String(typed.text || base64Of(new Uint8Array())))) })}
          done={({ differences }) => {
            setShown(differences);
            setVersion((before) => before + 1);
          }}
        />
      )}
    </>
  );
  return (
    <ScreenPage title={t("setting.title")} about={t("setting.about")} acts={acts}>
      {shown && <Compared title="setting.import-shown" differences={shown} />}
      <List<Setting>
        title="setting.title"
        load={load}
        version={version}
        empty="setting.none"
        filters={[{ name: "search", label: "kit.search" }, { name: "section", label: "setting.section", options: [["", "setting.all"], ...options.map((it): [string, string] => [it, it])] }, { name: "changed", label: "setting.which", options: [["", "setting.all"], ["yes", "setting.changed"]] }]}
        rowKey={(row) => row.name}
        to={(row) => (row.section === "organisation" ? "/level" : `/settings/${encodeURIComponent(row.name)}`)}
        columns={[
          { title: "setting.name", cell: (row) => <code dir="ltr">{row.name}</code>, text: (row) => row.name },
          { title: "setting.value", cell: (row) => <code dir="ltr" className="break-all">{row.text ?? "–"}</code>, text: (row) => row.text ?? "" },
          { title: "setting.source", cell: (row) => <Source of={row} />, text: (row) => row.source },
          { title: "setting.doc", cell: (row) => <span className="line-clamp-2">{row.doc.trim()}</span>, text: (row) => row.doc.trim() },
        ]}
      />
    </ScreenPage>
  );
}

/** From where a value comes, and what stands in its way. */
export function Source({ of }: { of: Setting }) {
  const { t } = useTranslation();
  if (of.conflict) return <Tone tone="danger">{t("setting.conflict")}</Tone>;
  if (of.pending !== undefined && of.pending !== null) return <Tone tone="warning">{t("setting.pending")}</Tone>;
  return <span>{of.source_words}</span>;
}
