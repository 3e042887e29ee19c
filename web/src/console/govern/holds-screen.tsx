// Legal holds: mail that stays, whoever removes it.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";
import { Day, People, Person } from "./shared";

export interface Hold {
  id: string;
  name: string;
  reason: string;
  everyone: boolean;
  accounts: string[];
  with: string | null;
  since: string | null;
  before: string | null;
  begun: string;
  begun_by: string;
  ended: string | null;
  ended_by: string;
  ended_reason: string;
}

const STATES: [string, string][] = [["", "kit.any"], ["on", "holds.on"], ["ended", "holds.ended"]];
const load = whole<Hold>("hold-list", () => ({}), (row, { state = "", search = "" }) =>
  (state === "" || (state === "on") === (row.ended === null)) && search.toLowerCase().split(/\s+/).every((word) => `${row.name} ${row.reason} ${row.accounts.join(" ")} ${row.with ?? ""} ${row.begun_by}`.toLowerCase().includes(word)));

export default function HoldsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const begin = may("hold.change") && (
    <FormButton
      label="holds.begin"
      look="first"
      action="hold-begin"
      submit="holds.begin"
      fields={[
        { name: "name", label: "holds.name", hint: "holds.name-hint" },
        { name: "reason", label: "holds.reason", kind: "long" },
        { name: "everyone", label: "holds.everyone", hint: "holds.everyone-hint", kind: "switch" },
        { name: "accounts", label: "holds.accounts", hint: "holds.accounts-hint", kind: "lines", isOptional: true },
        { name: "with", label: "holds.with", hint: "holds.with-hint", isOptional: true },
        { name: "since", label: "holds.since", kind: "date", isOptional: true },
        { name: "before", label: "holds.before", kind: "date", isOptional: true },
      ]}
      done={() => setVersion((before) => before + 1)}
    />
  );
  const end = (row: Hold, again: () => void) => (
    <FormButton label="holds.end" look="danger" action="hold-end" submit="holds.end" fixed={{ id: row.id }} fields={[{ name: "reason", label: "holds.end-reason", kind: "long" }]} done={again}>
      <p dir="auto" className="font-semibold">{row.name}</p>
      <p>{t("holds.end-what")}</p>
    </FormButton>
  );
  return (
    <ScreenPage title={t("holds.title")} about={t("holds.about")} acts={begin}>
      <List<Hold>
        title="holds.title"
        load={load}
        version={version}
        empty="holds.none"
        rowKey={(row) => row.id}
        filters={[{ name: "search", label: "kit.search" }, { name: "state", label: "holds.state", options: STATES }]}
        columns={[
          { title: "holds.name", cell: (row) => <span dir="auto" className="font-medium">{row.name}</span>, text: (row) => row.name },
          { title: "holds.reason", cell: (row) => row.reason, text: (row) => row.reason },
          { title: "holds.whose", cell: (row) => (row.everyone ? t("holds.everybody") : <People of={row.accounts} />), text: (row) => (row.everyone ? t("holds.everybody") : row.accounts.join(" ")) },
          { title: "holds.which", cell: (row) => <Which of={row} />, text: (row) => [row.with, row.since, row.before].filter(Boolean).join(" ") },
          { title: "holds.begun", cell: (row) => <><Moment at={row.begun} /><br /><Person address={row.begun_by} /></>, text: (row) => `${row.begun} ${row.begun_by}` },
          { title: "holds.state", cell: (row) => (row.ended === null ? <Tone tone="warning">{t("holds.on")}</Tone> : <><Tone tone="quiet">{t("holds.ended")}</Tone><br /><Moment at={row.ended} /><br />{row.ended_reason}</>), text: (row) => row.ended ?? t("holds.on") },
        ]}
        acts={(row, again) => row.ended === null && may("hold.change") && end(row, again)}
      />
    </ScreenPage>
  );
}

/** Which mail a hold covers. */
function Which({ of: { with: someone, since, before } }: { of: Hold }) {
  const { t } = useTranslation();
  if (!someone && !since && !before) return <>{t("holds.all-mail")}</>;
  return (
    <ul>
      {someone && <li>{t("holds.with")}{t("protect.colon")} <bdi>{someone}</bdi></li>}
      {since && <li>{t("holds.since")}{t("protect.colon")} <Day at={since} /></li>}
      {before && <li>{t("holds.before")}{t("protect.colon")} <Day at={before} /></li>}
    </ul>
  );
}
