// What others report: who sends in the name of our domains (DMARC), and how their connections to us went (TLS).

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Chart } from "../kit/chart";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Count, Moment, ScreenPage, Tone } from "../kit/parts";
import { range, RangePicker, useSpan } from "../kit/range";
import { holdsWords, type Load, whole } from "../kit/remote";
import { counted, isWithin, type Span, spanOf } from "../kit/span";

interface Source {
  domain: string;
  source: string;
  messages: number;
  passed: number;
  failed: number;
  dkim: number;
  spf: number;
  quarantined: number;
  rejected: number;
  reporters: string[];
}

interface TlsReport {
  from: string;
  authenticated: boolean;
  id: string;
  received: string;
  begin: string;
  end: string;
  domains: string[];
  with_tls: number;
  failed: number;
  failures: { type: string; connections: number; host: string | null; from: string | null; reason: string | null }[];
}

const USUAL_DAYS = "30";
const FILTERS = [{ name: "search", label: "kit.search" }, ...range(USUAL_DAYS)];
const loadSources: Load<Source> = whole<Source>("report-dmarc", (filters) => ({ days: spanOf(filters, USUAL_DAYS, new Date()).back }), (row, { search = "" }) => holdsWords(row, { search }));

export default function ReportsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const { alone } = useMe();
  const [span] = useSpan(USUAL_DAYS);
  if (!alone) return <ScreenPage title={t("reports.title")}><p>{t("reports.not-alone")}</p></ScreenPage>;
  const acts = may("report.send") && (
    <>
      <ActButton action="report-send" body={{ today: false }} label="reports.send-dmarc" said="people.done" />
      <ActButton action="report-tls-send" label="reports.send-tls" said="people.done" />
    </>
  );
  return (
    <ScreenPage title={t("reports.title")} about={t("reports.about")} acts={acts}>
      <RangePicker usual={USUAL_DAYS} />
      {span.until !== undefined && <p className="text-quiet">{t("reports.source-until-now")}</p>}
      <List<Source>
        title="reports.sources"
        load={loadSources}
        empty="reports.source-none"
        filters={FILTERS}
        rowKey={(row) => `${row.domain} ${row.source}`}
        columns={[
          { title: "reports.source", cell: (row) => <code dir="ltr">{row.source}</code>, text: (row) => row.source },
          { title: "reports.domain", cell: (row) => row.domain, text: (row) => row.domain },
          { title: "reports.messages", cell: (row) => <Count of={row.messages} />, text: (row) => String(row.messages), isNumber: true },
          { title: "reports.failed", cell: (row) => row.failed === 0 ? <Tone tone="ok">0</Tone> : <Tone tone="warning"><Count of={row.failed} /></Tone>, text: (row) => String(row.failed), isNumber: true },
          { title: "reports.rejected", cell: (row) => <Count of={row.rejected + row.quarantined} />, text: (row) => String(row.rejected + row.quarantined), isNumber: true },
          { title: "reports.reporters", cell: (row) => row.reporters.join(", "), text: (row) => row.reporters.join(" ") },
        ]}
      />
      <Tls />
    </ScreenPage>
  );
}

function Tls() {
  const [span, key] = useSpan(USUAL_DAYS);
  const [read] = useState(() => () => act<TlsReport[]>("report-tls", {}));
  const known = useTold(read);
  return (
    <Told of={known}>
      {(reports) => <TlsReports key={key} reports={reports.filter((it) => isWithin(span, it.received))} span={span} />}
    </Told>
  );
}

function TlsReports({ reports, span }: { reports: TlsReport[]; span: Span }) {
  const { i18n } = useTranslation();
  const { labels, sums } = counted(reports, span, i18n.language, (it) => it.received, (it) => [it.with_tls, it.failed]);
  return (
    <>
      {reports.length > 0 && <Chart title="reports.tls" labels={labels} series={[{ name: "reports.tls-good", values: sums[0] ?? [], tone: "accent" }, { name: "reports.tls-failed", values: sums[1] ?? [], tone: "danger" }]} />}
      <List<TlsReport>
        title="reports.tls-list"
        load={async ({ cursor, limit }) => {
          const from = Number(cursor ?? 0);
          return { items: reports.slice(from, from + limit), next: from + limit < reports.length ? String(from + limit) : null };
        }}
        empty="reports.tls-none"
        rowKey={(row) => `${row.from} ${row.id} ${row.received}`}
        columns={[
          { title: "reports.from", cell: (row) => row.from, text: (row) => row.from },
          { title: "reports.received", cell: (row) => <Moment at={row.received} />, text: (row) => row.received },
          { title: "reports.domain", cell: (row) => row.domains.join(", "), text: (row) => row.domains.join(" ") },
          { title: "reports.tls-good", cell: (row) => <Count of={row.with_tls} />, text: (row) => String(row.with_tls), isNumber: true },
          { title: "reports.tls-failed", cell: (row) => row.failed === 0 ? <Tone tone="ok">0</Tone> : <Tone tone="danger"><Count of={row.failed} /></Tone>, text: (row) => String(row.failed), isNumber: true },
          { title: "reports.why", cell: (row) => row.failures.map((it) => `${it.type} ${it.reason ?? ""} (${it.connections})`).join("; "), text: (row) => row.failures.map((it) => it.type).join(" ") },
        ]}
      />
    </>
  );
}
