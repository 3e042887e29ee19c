// What waits because it must not reach anybody unseen.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, useSaid } from "../kit/parts";
import { pages } from "../kit/remote";
import { usePercent, Why } from "./evidence";

export interface Quarantined {
  id: string;
  time: string;
  from: string;
  subject: string;
  to: { address: string; state: string }[];
  bytes: number;
  expires: string;
  unwanted: number;
  findings: string[];
  why?: string[];
}

/** Whom a message still waits for. */
export const waitingFor = (row: Quarantined): string[] => row.to.filter(({ state }) => state === "held").map(({ address }) => address);

export default function QuarantineScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const language = useSaid();
  const percent = usePercent();
  const [load] = useState(() => ({ zh: waiting("zh"), en: waiting("en") }));
  return (
    <ScreenPage title={t("quarantine.title")} about={t("quarantine.about")}>
      <List<Quarantined>
        key={language}
        title="quarantine.title"
        load={load[language]}
        empty="quarantine.none"
        rowKey={(row) => row.id}
        to={(row) => `/quarantine/${row.id}`}
        filters={[{ name: "search", label: "quarantine.search" }, { name: "person", label: "quarantine.to", kind: "address" }]}
        columns={[
          { title: "quarantine.subject", cell: (row) => <bdi>{row.subject === "" ? t("evidence.no-subject") : row.subject}</bdi>, text: (row) => row.subject },
          { title: "quarantine.from", cell: (row) => <bdi>{row.from}</bdi>, text: (row) => row.from },
          { title: "quarantine.to", cell: (row) => <bdi>{waitingFor(row).join(", ")}</bdi>, text: (row) => waitingFor(row).join(" ") },
          { title: "quarantine.why", cell: (row) => <Why of={row.why ?? []} />, text: (row) => (row.why ?? []).join("; ") },
          { title: "quarantine.unwanted", cell: (row) => percent(row.unwanted), text: (row) => String(row.unwanted), isNumber: true },
          { title: "quarantine.time", cell: (row) => <Moment at={row.time} />, text: (row) => row.time },
          { title: "quarantine.expires", cell: (row) => <Moment at={row.expires} />, text: (row) => row.expires },
        ]}
        {...(may("quarantine.change") ? { acts: (row: Quarantined, again: () => void) => <ActButton action="quarantine-delete" body={{ id: row.id, address: null }} label="quarantine.delete" name={row.subject} look="danger" ask={<DeleteAsk of={row} />} said="quarantine.deleted" done={again} /> } : {})}
      />
    </ScreenPage>
  );
}

const waiting = (language: string) => pages<Quarantined>("quarantine-page", ({ search, person }) => ({ address: person ?? null, search: search ?? null, organisation: null, language }));

/** What is deleted, and for whom. */
export function DeleteAsk({ of }: { of: Quarantined }) {
  const { t } = useTranslation();
  return <p>{t("quarantine.delete-ask", { from: of.from, subject: of.subject, count: waitingFor(of).length, people: waitingFor(of).join(", ") })}</p>;
}
