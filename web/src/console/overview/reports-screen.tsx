// Who gets the overview as a report by mail, and how often.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton, type Field, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage } from "../kit/parts";
import { whole } from "../kit/remote";
import { type Report, recipientsOf, typedOf, zones } from "./report";

const load = whole<Report>("overview-report-list", () => ({ organisation: null }));

const HOURS = Array.from({ length: 24 }, (_, hour): [string, string] => [String(hour), String(hour).padStart(2, "0")]);

/** What is typed, but for the zones, which the browser knows. The server speaks of all recipients as of the first field of them. */
const FIELDS: Field[] = [
  { name: "name", label: "overview-reports.name" },
  { name: "rhythm", label: "overview-reports.rhythm", kind: "choice", options: ["daily", "weekly", "monthly"].map((it): [string, string] => [it, `overview-reports.${it}`]) },
  { name: "hour", label: "overview-reports.hour", kind: "choice", options: HOURS },
  { name: "time_zone", label: "overview-reports.zone", hint: "overview-reports.zone-hint", kind: "choice" },
  { name: "recipients", label: "overview-reports.recipients-zh", hint: "overview-reports.recipients-hint", kind: "lines", isOptional: true },
  { name: "recipients-en", label: "overview-reports.recipients-en", kind: "lines", isOptional: true },
];

export default function OverviewReportsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const again = () => setVersion((before) => before + 1);
  const form = (row?: Report) => ({
    action: "overview-report-set",
    submit: "overview-reports.save",
    done: again,
    fields: FIELDS.map((field) => field.name === "time_zone" ? { ...field, options: zones(row?.time_zone) } : field),
    initial: typedOf(row),
    body: (typed: Record<string, unknown>) => ({ id: row?.id ?? null, name: typed.name, rhythm: typed.rhythm, hour: Number(typed.hour), time_zone: typed.time_zone, recipients: recipientsOf(typed), organisation: null }),
  });
  const acts = may("report.subscribe") && <FormButton label="overview-reports.add" look="first" {...form()} />;
  return (
    <ScreenPage title={t("overview-reports.title")} about={t("overview-reports.about")} acts={acts}>
      <List<Report>
        title="overview-reports.title"
        load={load}
        version={version}
        empty="overview-reports.none"
        rowKey={(row) => row.id}
        columns={[
          { title: "overview-reports.name", cell: (row) => row.name, text: (row) => row.name },
          { title: "overview-reports.rhythm", cell: (row) => `${t(`overview-reports.${row.rhythm}`)}, ${String(row.hour).padStart(2, "0")}:00 (${row.time_zone})`, text: (row) => `${row.rhythm} ${row.hour} ${row.time_zone}` },
          { title: "overview-reports.recipients", cell: (row) => <Recipients of={row} />, text: (row) => row.recipients.map(({ address }) => address).join(" ") },
          { title: "overview-reports.next", cell: (row) => <Moment at={row.next} />, text: (row) => row.next },
          { title: "overview-reports.last", cell: (row) => <Last of={row} />, text: (row) => row.last?.at ?? "" },
        ]}
        acts={may("report.subscribe") ? (row) => (
          <>
            <ActButton action="overview-report-send" body={{ id: row.id, organisation: null }} label="overview-reports.send" name={row.name} ask={t("overview-reports.send-ask", { count: row.recipients.length })} said="overview-reports.sent" done={again} />
            <FormButton label="overview-reports.change" name={row.name} {...form(row)} />
            <ActButton action="overview-report-remove" body={{ id: row.id, organisation: null }} label="people.take-away" name={row.name} ask={t("overview-reports.remove-ask", { name: row.name })} done={again} />
          </>
        ) : undefined}
      />
    </ScreenPage>
  );
}

function Recipients({ of }: { of: Report }) {
  const { t } = useTranslation();
  return (
    <ul>
      {of.recipients.map(({ address, language, here }) => (
        <li key={address}><span dir="ltr">{address}</span> <span className="text-quiet">({t(`overview-reports.in-${language}`)}{!here && <>, {t("overview-reports.outside")}</>})</span></li>
      ))}
    </ul>
  );
}

function Last({ of: { last } }: { of: Report }) {
  const { t } = useTranslation();
  if (!last) return <Moment at={null} />;
  return (
    <>
      <Moment at={last.at} />
      <div className="text-quiet">{t("overview-reports.of-period", { period: last.period, count: last.recipients })}</div>
      {last.unreachable.length > 0 && <div className="text-danger">{t("overview-reports.unreachable", { addresses: last.unreachable.join(", ") })}</div>}
    </>
  );
}
