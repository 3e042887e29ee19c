// The register of consents: who agreed to what, when, by which evidence, and who no longer does.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { ScreenPage, Tone } from "../kit/parts";
import type { Asked, Page } from "../kit/remote";
import { Day, Person } from "./shared";
import { SubjectTabs } from "./subject-tabs";

interface Consent {
  id: string;
  name: string;
  address: string;
  purpose: string;
  evidence: string;
  given: string;
  withdrawn: string | null;
  withdrawal: string;
  by: string;
}

/** Rows that the server gives at once. */
const PAGE_MAX = 200;

async function load({ filters, cursor }: Asked): Promise<Page<Consent>> {
  const { address, state = "" } = filters;
  const rows = await act<Consent[]>("consent-list", { address: address ?? null, after: cursor, csv: false });
  const next = rows.length < PAGE_MAX ? null : (rows.at(-1)?.id ?? null);
  return { items: rows.filter((row) => state === "" || (state === "holds") === (row.withdrawn === null)), next };
}

export default function ConsentsScreen() {
  const { t } = useTranslation();
  const mayChange = useMay()("subject.change");
  const [version, setVersion] = useState(0);
  const add = mayChange && (
    <FormButton
      label="consent.add"
      look="first"
      action="consent-add"
      submit="consent.add"
      fields={[
        { name: "name", label: "subject.name" },
        { name: "address", label: "consent.address", kind: "address" },
        { name: "purpose", label: "consent.purpose", hint: "consent.purpose-hint" },
        { name: "evidence", label: "consent.evidence", hint: "consent.evidence-hint" },
        { name: "given", label: "consent.given", hint: "consent.given-hint", kind: "date", isOptional: true },
      ]}
      done={() => setVersion((before) => before + 1)}
    />
  );
  const withdraw = (row: Consent, again: () => void) => (
    <FormButton label="consent.withdraw" action="consent-withdraw" submit="consent.withdraw" fixed={{ id: row.id }} fields={[{ name: "evidence", label: "consent.withdrawal", hint: "consent.evidence-hint" }]} done={again}>
      <p dir="auto" className="font-semibold">{row.name}{t("protect.colon")} {row.purpose}</p>
      <p className="text-quiet">{t("consent.withdraw-what")}</p>
    </FormButton>
  );
  return (
    <ScreenPage title={t("consent.title")} about={t("consent.about")} acts={add}>
      <SubjectTabs />
      <List<Consent>
        title="consent.title"
        load={load}
        version={version}
        empty="consent.none"
        rowKey={(row) => row.id}
        filters={[
          { name: "address", label: "consent.address", kind: "address" },
          { name: "state", label: "consent.state", options: [["", "kit.any"], ["holds", "consent.holds"], ["withdrawn", "consent.withdrawn"]] },
        ]}
        columns={[
          { title: "subject.name", cell: (row) => <><bdi>{row.name}</bdi><br /><bdi className="text-quiet">{row.address}</bdi></>, text: (row) => `${row.name} <${row.address}>` },
          { title: "consent.purpose", cell: (row) => row.purpose, text: (row) => row.purpose },
          { title: "consent.evidence", cell: (row) => row.evidence, text: (row) => row.evidence },
          { title: "consent.given", cell: (row) => <Day at={row.given} />, text: (row) => row.given },
          { title: "consent.state", cell: (row) => (row.withdrawn === null ? <Tone tone="ok">{t("consent.holds")}</Tone> : <><Tone tone="quiet">{t("consent.withdrawn")} <Day at={row.withdrawn} /></Tone><br />{row.withdrawal}</>), text: (row) => (row.withdrawn === null ? "" : `${row.withdrawn} ${row.withdrawal}`) },
          { title: "subject.by", cell: (row) => <Person address={row.by} />, text: (row) => row.by },
        ]}
        acts={(row, again) => mayChange && row.withdrawn === null && withdraw(row, again)}
      />
    </ScreenPage>
  );
}
