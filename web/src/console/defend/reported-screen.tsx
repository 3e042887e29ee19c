// What people said of their mail, and the last word on it.

import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { pages } from "../kit/remote";
import { Tabs } from "../kit/tabs";
import { Author, Colleague, Done } from "./evidence";
import { DAYS } from "./threats";

export const TABS: [string, string][] = [["/reported", "reported.tab"], ["/reported/complaints", "complaints.title"]];

interface Report {
  id: string;
  time: string;
  by: string | null;
  officer: boolean;
  said: "junk" | "honest";
  from: string;
  subject: string;
  done: string;
  /** Somebody who looks after the quarantine has spoken. */
  decided: boolean;
}

const load = pages<Report>("report-list", ({ days = "14" }) => ({ days: Number(days), organisation: null }));

export default function ReportedScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const say = (row: Report, junk: boolean, again: () => void) => (
    <ActButton action="judged-report" body={{ id: row.id, junk }} label={junk ? "reported.is-junk" : "reported.is-honest"} name={row.subject} ask={<p>{t(junk ? "campaigns.report-ask" : "judged.honest-ask")}</p>} said="judged.noted" done={again} />
  );
  return (
    <ScreenPage title={t("reported.title")} about={t("reported.about")}>
      <Tabs label="reported.title" tabs={TABS} />
      <List<Report>
        title="reported.tab"
        load={load}
        empty="reported.none"
        rowKey={(row) => `${row.id} ${row.by} ${row.time}`}
        to={(row) => `/threats/mail/${row.id}`}
        filters={[{ name: "days", label: "defend.days", options: DAYS, usual: "14" }]}
        columns={[
          { title: "threats.subject", cell: (row) => <bdi>{row.subject === "" ? t("evidence.no-subject") : row.subject}</bdi>, text: (row) => row.subject },
          { title: "threats.from", cell: (row) => <Author of={row.from} />, text: (row) => row.from },
          { title: "reported.said", cell: (row) => <Tone tone={row.said === "junk" ? "warning" : "ok"}>{t(`reported.said-${row.said}`)}</Tone>, text: (row) => row.said },
          { title: "reported.by", cell: (row) => <Colleague address={row.by} />, text: (row) => row.by ?? "" },
          { title: "threats.done", cell: (row) => <Done what={row.done} />, text: (row) => row.done },
          { title: "reported.decided", cell: (row) => (row.decided ? <Tone tone="ok">{t("reported.decided-yes")}</Tone> : <Tone tone="quiet">{t("reported.decided-no")}</Tone>), text: (row) => (row.decided ? "yes" : "no") },
          { title: "reported.time", cell: (row) => <Moment at={row.time} />, text: (row) => row.time },
        ]}
        {...(may("quarantine.change") ? { acts: (row: Report, again: () => void) => !row.decided && <>{say(row, true, again)}{say(row, false, again)}</> } : {})}
      />
    </ScreenPage>
  );
}
