// Messages that belong together: one sender, one template, one link, one picture.

import { useTranslation } from "react-i18next";
import { List } from "../kit/list";
import { Count, Moment, ScreenPage, Tone } from "../kit/parts";
import { pages } from "../kit/remote";
import { Tabs } from "../kit/tabs";
import { DAYS, TABS } from "./threats";

export interface Campaign {
  id: string;
  first: string;
  last: string;
  from: string;
  subject: string;
  common: "sender" | "link" | "look" | "picture";
  evidence: string;
  messages: number;
  done: Record<string, number>;
  waiting: number;
  pulled: number;
}

/** How many of a campaign went into inboxes, and were not pulled back. */
export const reached = ({ done, pulled }: Campaign): number => Math.max((done.deliver ?? 0) + (done.warn ?? 0) - pulled, 0);

const load = pages<Campaign>("campaign-page", ({ days = "7", search, reached: wanted }) => ({ days: Number(days), search: search ?? null, reached: wanted === "yes", organisation: null }));

export default function CampaignsScreen() {
  const { t } = useTranslation();
  return (
    <ScreenPage title={t("campaigns.title")} about={t("campaigns.about")}>
      <Tabs label="threats.title" tabs={TABS} />
      <List<Campaign>
        title="campaigns.title"
        load={load}
        empty="campaigns.none"
        rowKey={(row) => row.id}
        to={(row) => `/threats/campaigns/${row.id}`}
        filters={[
          { name: "search", label: "kit.search" },
          { name: "days", label: "defend.days", options: DAYS, usual: "7" },
          { name: "reached", label: "campaigns.reached", options: [["", "kit.any"], ["yes", "campaigns.reached-some"]] },
        ]}
        columns={[
          { title: "campaigns.newest", cell: (row) => <bdi>{row.subject === "" ? t("evidence.no-subject") : row.subject}</bdi>, text: (row) => row.subject },
          { title: "campaigns.from", cell: (row) => <bdi>{row.from}</bdi>, text: (row) => row.from },
          { title: "campaigns.common", cell: (row) => <span>{t(`campaigns.common-${row.common}`)} <bdi className="text-quiet">{row.evidence}</bdi></span>, text: (row) => `${row.common} ${row.evidence}` },
          { title: "campaigns.messages", cell: (row) => <Count of={row.messages} />, text: (row) => String(row.messages), isNumber: true },
          { title: "campaigns.reached", cell: (row) => (reached(row) > 0 ? <Tone tone="danger"><Count of={reached(row)} /></Tone> : <Tone tone="ok"><Count of={0} /></Tone>), text: (row) => String(reached(row)), isNumber: true },
          { title: "campaigns.waiting", cell: (row) => <Count of={row.waiting} />, text: (row) => String(row.waiting), isNumber: true },
          { title: "campaigns.pulled", cell: (row) => <Count of={row.pulled} />, text: (row) => String(row.pulled), isNumber: true },
          { title: "campaigns.last", cell: (row) => <Moment at={row.last} />, text: (row) => row.last },
        ]}
      />
    </ScreenPage>
  );
}
