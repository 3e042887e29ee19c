// Who must have a second factor by level and role, and has none that counts.

import { useTranslation } from "react-i18next";
import { List } from "../kit/list";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { holdsWords, whole } from "../kit/remote";
import { ROLES } from "./roles";

interface Lacking {
  address: string;
  role: string;
  asked: "nothing" | { show?: string[]; enrol?: string[]; until_then?: string[]; mail_clients_until?: string };
}

const load = whole<Lacking>("factor-missing", () => ({}), (row, filters) => (filters.role === undefined || row.role === filters.role) && holdsWords(row, filters));

export default function LackingScreen() {
  const { t } = useTranslation();
  const kinds = (all: string[] | undefined) => (all ?? []).map((kind) => t(`people.factor-${kind}`)).join(t("people.or"));
  return (
    <ScreenPage title={t("lacking.title")} about={t("lacking.about")}>
      <List<Lacking>
        title="lacking.title"
        load={load}
        empty="lacking.none"
        rowKey={(row) => row.address}
        to={(row) => `/people/${encodeURIComponent(row.address)}`}
        filters={[{ name: "search", label: "kit.search" }, { name: "role", label: "people.role", options: [["", "kit.any"], ...ROLES] }]}
        columns={[
          { title: "people.address", cell: (row) => row.address, text: (row) => row.address },
          { title: "people.role", cell: (row) => t(`people.role-${row.role}`), text: (row) => row.role },
          { title: "lacking.needs", cell: ({ asked }) => <Tone tone="danger"><span className="whitespace-normal">{asked === "nothing" ? "–" : kinds(asked.enrol ?? asked.show)}</span></Tone>, text: ({ asked }) => (asked === "nothing" ? "" : (asked.enrol ?? asked.show ?? []).join(" ")) },
          { title: "lacking.until-then", cell: ({ asked }) => (asked === "nothing" ? "" : kinds(asked.until_then)) || "–", text: ({ asked }) => (asked === "nothing" ? "" : (asked.until_then ?? []).join(" ")) },
          { title: "lacking.clients-until", cell: ({ asked }) => <Moment at={asked === "nothing" ? null : asked.mail_clients_until} />, text: ({ asked }) => (asked === "nothing" ? "" : (asked.mail_clients_until ?? "")) },
        ]}
      />
    </ScreenPage>
  );
}
