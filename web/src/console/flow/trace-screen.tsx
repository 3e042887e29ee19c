// What happened to messages: from the connection to the mailbox, and out again.

import { useTranslation } from "react-i18next";
import { size } from "../../i18n/format";
import { List } from "../kit/list";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { inDays, pages } from "../kit/remote";

export interface Traced {
  id: string;
  time: string;
  direction: "in" | "out";
  outcome: string;
  verdict: string;
  from: string;
  to: string[];
  more: number;
  subject: string;
  bytes: number;
  client: string | null;
  message_id: string;
}

const OUTCOMES = ["delivered", "waiting", "held", "quarantined", "failed", "refused", "put-off", "passed-on", "removed", "pulled"];
const VERDICTS = ["none", "deliver", "warn", "junk", "quarantine", "hold", "refuse"];
const choices = (all: string[], family: string): [string, string][] => [["", "kit.any"], ...all.map((it): [string, string] => [it, `${family}${it}`])];

/** How good an outcome is. */
export const tones: Record<string, "ok" | "danger" | "warning" | "quiet"> = { delivered: "ok", failed: "danger", refused: "quiet", waiting: "warning", held: "warning", quarantined: "warning", pulled: "warning" };

const load = pages<Traced>("trace-list", inDays);

export default function TraceScreen() {
  const { t, i18n } = useTranslation();
  return (
    <ScreenPage title={t("tracing.title")} about={t("tracing.about")}>
      <List<Traced>
        title="tracing.title"
        load={load}
        empty="tracing.none"
        filters={[
          { name: "address", label: "tracing.address", kind: "address" },
          { name: "domain", label: "tracing.domain" },
          { name: "message_id", label: "tracing.message-id" },
          { name: "client", label: "tracing.client" },
          { name: "since", label: "tracing.since", kind: "date" },
          { name: "until", label: "tracing.until", kind: "date" },
          { name: "direction", label: "tracing.direction", options: choices(["in", "out"], "tracing.direction-") },
          { name: "outcome", label: "tracing.outcome", options: choices(OUTCOMES, "tracing.outcome-") },
          { name: "verdict", label: "tracing.verdict", options: choices(VERDICTS, "tracing.verdict-") },
        ]}
        rowKey={(row) => row.id}
        to={(row) => `/trace/${row.id}`}
        columns={[
          { title: "tracing.time", cell: (row) => <Moment at={row.time} />, text: (row) => row.time },
          { title: "tracing.outcome", cell: (row) => <Tone tone={tones[row.outcome] ?? "quiet"}>{t(`tracing.outcome-${row.outcome}`)}</Tone>, text: (row) => row.outcome },
          { title: "tracing.direction", cell: (row) => t(`tracing.direction-${row.direction}`), text: (row) => row.direction },
          { title: "tracing.from", cell: (row) => row.from || t("queue.system"), text: (row) => row.from },
          { title: "tracing.to", cell: (row) => (row.more > 0 ? t("tracing.to-more", { to: row.to.join(", "), count: row.more }) : row.to.join(", ")), text: (row) => row.to.join(" ") },
          { title: "tracing.subject", cell: (row) => <bdi>{row.subject}</bdi>, text: (row) => row.subject },
          { title: "tracing.verdict", cell: (row) => t(`tracing.verdict-${row.verdict}`), text: (row) => row.verdict },
          { title: "tracing.size", cell: (row) => size(row.bytes, i18n.language), text: (row) => String(row.bytes), isNumber: true },
        ]}
      />
    </ScreenPage>
  );
}
