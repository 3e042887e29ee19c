import { useTranslation } from "react-i18next";
import { type Filter, List } from "../kit/list";
import { Count, Moment } from "../kit/parts";
import type { Load } from "../kit/remote";
import { Done, usePercent, Why } from "./evidence";
import type { Threat } from "./threats";

/** Messages in which something was found; each leads to why. */
export function ThreatsTable({ title, load, filters, empty, version = 0 }: { title: string; load: Load<Threat>; filters?: Filter[]; empty: string; version?: number }) {
  const { t } = useTranslation();
  const percent = usePercent();
  return (
    <List<Threat>
      title={title}
      load={load}
      version={version}
      empty={empty}
      rowKey={(row) => row.id}
      to={(row) => `/threats/mail/${row.id}`}
      {...(filters ? { filters } : {})}
      columns={[
        { title: "threats.subject", cell: (row) => <bdi>{row.subject === "" ? t("evidence.no-subject") : row.subject}</bdi>, text: (row) => row.subject },
        { title: "threats.from", cell: (row) => <bdi>{row.direction === "out" ? t("threats.from-us", { who: row.from }) : row.from}</bdi>, text: (row) => row.from },
        { title: "threats.why", cell: (row) => <Why of={row.why} />, text: (row) => row.why.join("; ") },
        { title: "threats.done", cell: (row) => <Done what={row.done} />, text: (row) => row.done },
        { title: "threats.unwanted", cell: (row) => percent(row.unwanted), text: (row) => String(row.unwanted), isNumber: true },
        { title: "threats.copies", cell: (row) => <Count of={row.copies} />, text: (row) => String(row.copies), isNumber: true },
        { title: "threats.time", cell: (row) => <Moment at={row.time} />, text: (row) => row.time },
      ]}
    />
  );
}
