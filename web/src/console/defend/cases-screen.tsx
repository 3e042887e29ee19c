// Cases of payments for finance: what waits for a decision, and what was decided.

import { useTranslation } from "react-i18next";
import { List } from "../kit/list";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { pages } from "../kit/remote";

export interface CaseRow {
  case: string;
  time: string;
  direction: string;
  action: string;
  state: "open" | "proposed" | "honest" | "fraud";
  partner: string;
  from: string;
  subject: string;
}

export const CASE_TONES = { open: "danger", proposed: "warning", honest: "ok", fraud: "quiet" } as const;

const load = pages<CaseRow>("guard-case-page", ({ state = "waiting", search }) => ({ all: state !== "waiting", state: state === "waiting" || state === "all" ? null : state, search: search ?? null, organisation: null }));

/** What a case is about, in words. */
export function aboutOf({ direction, action }: { direction: string; action: string }): string {
  if (direction === "account") return "cases.about-account";
  if (direction === "out") return "cases.about-out";
  return action === "hold" ? "cases.about-held" : "cases.about-delivered";
}

export default function CasesScreen() {
  const { t } = useTranslation();
  return (
    <ScreenPage title={t("cases.title")} about={t("cases.about")}>
      <List<CaseRow>
        title="cases.title"
        load={load}
        empty="cases.none"
        rowKey={(row) => row.case}
        to={(row) => `/cases/${row.case}`}
        filters={[
          { name: "search", label: "cases.search" },
          { name: "state", label: "cases.state", usual: "waiting", options: [["waiting", "cases.state-waiting"], ["honest", "cases.state-honest"], ["fraud", "cases.state-fraud"], ["all", "cases.state-all"]] },
        ]}
        columns={[
          { title: "cases.subject", cell: (row) => <bdi>{row.subject === "" ? (row.direction === "account" ? row.partner : t("evidence.no-subject")) : row.subject}</bdi>, text: (row) => row.subject },
          { title: "cases.partner", cell: (row) => <bdi>{row.partner}</bdi>, text: (row) => row.partner },
          { title: "cases.from", cell: (row) => <bdi>{row.from}</bdi>, text: (row) => row.from },
          { title: "cases.what", cell: (row) => t(aboutOf(row)), text: (row) => row.action },
          { title: "cases.state", cell: (row) => <Tone tone={CASE_TONES[row.state]}>{t(`cases.state-${row.state}`)}</Tone>, text: (row) => row.state },
          { title: "cases.time", cell: (row) => <Moment at={row.time} />, text: (row) => row.time },
        ]}
      />
    </ScreenPage>
  );
}
