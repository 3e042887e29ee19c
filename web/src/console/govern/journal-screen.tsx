// The journal of mail: which mail is kept for a period, whatever its owners remove.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Field, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";
import { conditionsOf, DIRECTIONS, isWanted, type JournalRule } from "./journal";
import { Person } from "./shared";

const STATES: [string, string][] = [["", "kit.any"], ["on", "journal.on"], ["ended", "journal.ended"]];
const WAYS = DIRECTIONS.map((way): [string, string] => [way, `journal.${way}`]);
const load = whole<JournalRule>("journal-rule-list", () => ({}), isWanted);

const FIELDS: Field[] = [
  { name: "name", label: "journal.name", hint: "journal.name-hint" },
  { name: "days", label: "journal.days", hint: "journal.days-hint", kind: "number", min: 1, max: 36_500 },
  { name: "reason", label: "journal.reason", hint: "journal.reason-hint", kind: "long" },
  { name: "direction", label: "journal.direction", kind: "choice", options: WAYS, isOptional: true },
  { name: "account", label: "journal.account", kind: "address", isOptional: true },
  { name: "group", label: "journal.group", kind: "address", isOptional: true },
  { name: "with", label: "journal.with", hint: "journal.with-hint", isOptional: true },
  { name: "by_law", label: "journal.by_law", hint: "journal.by_law-hint", kind: "switch" },
  { name: "report_to", label: "journal.report_to", hint: "journal.report_to-hint", kind: "address", isOptional: true },
];

export default function JournalScreen() {
  const { t } = useTranslation();
  const mayChange = useMay()("journal.change");
  const [version, setVersion] = useState(0);
  const set = mayChange && (
    <FormButton label="journal.set" look="first" action="journal-rule-set" submit="journal.set" fields={FIELDS} done={() => setVersion((before) => before + 1)}>
      <p>{t("journal.agreed")}</p>
    </FormButton>
  );
  const end = (row: JournalRule, again: () => void) => (
    <FormButton label="journal.end" look="danger" action="journal-rule-end" submit="journal.end" fixed={{ name: row.name }} fields={[{ name: "reason", label: "journal.end-reason", kind: "long" }]} done={again}>
      <p dir="auto" className="font-semibold">{row.name}</p>
      <p>{t("journal.end-what")} {t("journal.agreed")}</p>
    </FormButton>
  );
  return (
    <ScreenPage title={t("journal.title")} about={t("journal.about")} acts={set}>
      <List<JournalRule>
        title="journal.title"
        load={load}
        version={version}
        empty="journal.none"
        rowKey={(row) => `${row.name} ${row.begun}`}
        filters={[{ name: "search", label: "kit.search" }, { name: "state", label: "journal.state", options: STATES }]}
        columns={[
          { title: "journal.name", cell: (row) => <span dir="auto" className="font-medium">{row.name}</span>, text: (row) => row.name },
          { title: "journal.days", cell: (row) => row.days, text: (row) => String(row.days) },
          { title: "journal.reason", cell: (row) => <>{row.reason}{row.by_law && <><br />{t("journal.by_law")}</>}</>, text: (row) => row.reason },
          { title: "journal.which", cell: (row) => <Which of={row} />, text: (row) => conditionsOf(row).map(([, what]) => what).join(" ") },
          { title: "journal.begun", cell: (row) => <><Moment at={row.begun} /><br /><Person address={row.by} /></>, text: (row) => `${row.begun} ${row.by}` },
          { title: "journal.state", cell: (row) => (row.ended === null ? <Tone tone="ok">{t("journal.on")}</Tone> : <><Tone tone="quiet">{t("journal.ended")}</Tone><br /><Moment at={row.ended} /><br />{row.ended_reason}</>), text: (row) => row.ended ?? t("journal.on") },
        ]}
        acts={(row, again) => row.ended === null && mayChange && end(row, again)}
      />
    </ScreenPage>
  );
}

/** Which mail a rule covers, and where it is reported. */
function Which({ of }: { of: JournalRule }) {
  const { t } = useTranslation();
  const conditions = conditionsOf(of);
  return (
    <ul>
      {conditions.length === 0 && <li>{t("journal.all")}</li>}
      {conditions.map(([name, what]) => (
        <li key={name}>{t(`journal.${name}`)}{t("protect.colon")} <bdi>{name === "direction" ? t(`journal.${what}`) : what}</bdi></li>
      ))}
      {of.report_to && <li>{t("journal.report")}{t("protect.colon")} <bdi>{of.report_to}</bdi></li>}
    </ul>
  );
}
