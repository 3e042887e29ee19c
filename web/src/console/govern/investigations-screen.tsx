// Investigations: whose mail is looked into, why, and how far it is.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";
import type { Investigation } from "./investigation";
import { People, Person } from "./shared";

const STATES: [string, string][] = [["", "kit.any"], ["open", "investigation.open"], ["closed", "investigation.closed"]];
const load = whole<Investigation>("investigation-list", () => ({}), (row, { state = "", search = "" }) =>
  (state === "" || (state === "open") === (row.closed === null)) && search.toLowerCase().split(/\s+/).every((word) => `${row.name} ${row.reason} ${row.by} ${row.custodians.join(" ")}`.toLowerCase().includes(word)));

export default function InvestigationsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const open = may("investigation.open") && (
    <FormButton
      label="investigation.begin"
      look="first"
      action="investigation-open"
      submit="investigation.begin"
      fields={[
        { name: "name", label: "investigation.name", hint: "investigation.name-hint" },
        { name: "reason", label: "investigation.reason", hint: "investigation.reason-hint", kind: "long" },
        { name: "custodians", label: "investigation.custodians", hint: "investigation.custodians-hint", kind: "lines" },
      ]}
      done={() => setVersion((before) => before + 1)}
    >
      <p className="text-quiet">{t("investigation.begin-what")}</p>
    </FormButton>
  );
  return (
    <ScreenPage title={t("investigation.title")} about={t("investigation.about")} acts={open}>
      <List<Investigation>
        title="investigation.title"
        load={load}
        version={version}
        empty="investigation.none"
        rowKey={(row) => row.id}
        to={(row) => `/investigations/${row.id}`}
        filters={[{ name: "search", label: "kit.search" }, { name: "state", label: "investigation.state", options: STATES }]}
        columns={[
          { title: "investigation.name", cell: (row) => row.name, text: (row) => row.name },
          { title: "investigation.reason", cell: (row) => row.reason, text: (row) => row.reason },
          { title: "investigation.custodians", cell: (row) => <People of={row.custodians} />, text: (row) => row.custodians.join(" ") },
          { title: "investigation.by", cell: (row) => <Person address={row.by} />, text: (row) => row.by },
          { title: "investigation.opened", cell: (row) => <Moment at={row.opened} />, text: (row) => row.opened },
          { title: "investigation.state", cell: (row) => <Tone tone={row.closed === null ? "warning" : "quiet"}>{t(row.closed === null ? "investigation.open" : "investigation.closed")}</Tone>, text: (row) => row.closed ?? "" },
        ]}
      />
    </ScreenPage>
  );
}
