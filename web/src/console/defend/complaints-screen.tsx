// Complaints about our mail by others, and ours to others.

import { useTranslation } from "react-i18next";
import { List } from "../kit/list";
import { Count, Moment, ScreenPage } from "../kit/parts";
import { pages } from "../kit/remote";
import { Tabs } from "../kit/tabs";
import { Colleague } from "./evidence";
import { TABS } from "./reported-screen";
import { DAYS } from "./threats";

interface Complaint {
  time: string;
  direction: "sent" | "received";
  kind: string;
  about_or_by: string | null;
  reporter: string | null;
  to: string | null;
  mail_from: string | null;
  source: string | null;
  subject: string;
  messages: number;
}

/** Kinds that RFC 5965 and its register name. */
const KINDS = ["abuse", "auth-failure", "fraud", "not-spam", "virus"];

const load = pages<Complaint>("complaint-page", ({ days = "30", direction, search }) => ({ days: Number(days), direction: direction ?? null, search: search ?? null, organisation: null }));

export default function ComplaintsScreen() {
  const { t } = useTranslation();
  return (
    <ScreenPage title={t("complaints.title")} about={t("complaints.about")}>
      <Tabs label="reported.title" tabs={TABS} />
      <List<Complaint>
        title="complaints.title"
        load={load}
        empty="complaints.none"
        rowKey={(row) => `${row.time} ${row.subject} ${row.to}`}
        filters={[
          { name: "search", label: "kit.search" },
          { name: "direction", label: "complaints.direction", options: [["", "kit.any"], ["received", "complaints.direction-received"], ["sent", "complaints.direction-sent"]] },
          { name: "days", label: "defend.days", options: DAYS, usual: "30" },
        ]}
        columns={[
          { title: "complaints.subject", cell: (row) => <bdi>{row.subject}</bdi>, text: (row) => row.subject },
          { title: "complaints.direction", cell: (row) => t(`complaints.direction-${row.direction}`), text: (row) => row.direction },
          { title: "complaints.kind", cell: (row) => t(`complaints.kind-${KINDS.includes(row.kind) ? row.kind : "other"}`), text: (row) => row.kind },
          { title: "complaints.person", cell: (row) => <Colleague address={row.about_or_by} />, text: (row) => row.about_or_by ?? "" },
          { title: "complaints.other", cell: (row) => <bdi>{row.reporter ?? row.to ?? "–"}</bdi>, text: (row) => row.reporter ?? row.to ?? "" },
          { title: "complaints.messages", cell: (row) => <Count of={row.messages} />, text: (row) => String(row.messages), isNumber: true },
          { title: "complaints.time", cell: (row) => <Moment at={row.time} />, text: (row) => row.time },
        ]}
      />
    </ScreenPage>
  );
}
