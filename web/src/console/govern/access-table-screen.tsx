// The table of rights, row by row, and for what a second person is asked.

import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";
import type { Row } from "./right-row";
import { useRightName } from "./right-words";
import { roleName } from "./roles";
import { useAsked } from "./shared";

interface TableRow extends Row {
  strong_factor_minutes: number | null;
  second_person: boolean;
  what: string;
}

export default function AccessTableScreen() {
  const { t } = useTranslation();
  return (
    <ScreenPage title={t("rights.table")} about={t("rights.table-about")} back={{ to: "/access", name: t("rights.title") }}>
      <Sensitive />
      <Rows />
    </ScreenPage>
  );
}

function Rows() {
  const { t } = useTranslation();
  const rightName = useRightName();
  const known = useAsked<TableRow[]>("access-table", {});
  const roles = [...new Set((known.told ?? []).map(({ role }) => role))];
  const load = useMemo(() => whole<TableRow>("access-table", () => ({}), (row, { right = "", role = "", scope = "" }) =>
    (role === "" || row.role === role) && (scope === "" || row.scope === scope) && right.toLowerCase().split(/\s+/).every((word) => `${row.action} ${rightName(row.action)} ${row.what}`.toLowerCase().includes(word))), [rightName]);
  return (
    <>
      <h2 className="text-[15px] font-semibold">{t("rights.rows")}</h2>
      <List<TableRow>
        title="rights.rows"
        load={load}
        empty="rights.rows-none"
        rowKey={(row) => `${row.role} ${row.effect} ${row.action} ${row.scope}`}
        filters={[
          { name: "right", label: "rights.right" },
          { name: "role", label: "rights.role", options: [["", "kit.any"], ...roles.map((role): [string, string] => [role, roleName(role, t)])] },
          { name: "scope", label: "rights.scope", options: [["", "kit.any"], ...["own", "group", "organisation", "region"].map((it): [string, string] => [it, `rights.scope-${it}`])] },
        ]}
        columns={[
          { title: "rights.role", cell: (row) => roleName(row.role, t), text: (row) => row.role },
          { title: "rights.effect", cell: (row) => <Tone tone={row.effect === "allow" ? "ok" : "danger"}>{t(`rights.effect-${row.effect}`)}</Tone>, text: (row) => row.effect },
          { title: "rights.right", cell: (row) => <>{rightName(row.action)}<br /><code className="text-quiet">{row.action}</code></>, text: (row) => row.action },
          { title: "rights.scope", cell: (row) => t(`rights.scope-${row.scope}`), text: (row) => row.scope },
          { title: "rights.factor", cell: (row) => (row.strong_factor_minutes === null ? "–" : t("rights.minutes", { count: row.strong_factor_minutes })), text: (row) => String(row.strong_factor_minutes ?? "") },
          { title: "rights.second", cell: (row) => t(row.second_person ? "govern.yes" : "govern.no"), text: (row) => String(row.second_person) },
        ]}
      />
    </>
  );
}

interface Right {
  action: string;
  second_person: boolean;
}

/** Each sensitive right once, with whether a second person is asked for. */
async function sensitive(): Promise<Right[]> {
  const rows = await act<TableRow[]>("access-table", {});
  const found = new Map(rows.filter((row) => row.strong_factor_minutes !== null).map(({ action, second_person: second }) => [action, { action, second_person: second }]));
  return [...found.values()].sort((one, other) => Number(other.second_person) - Number(one.second_person) || one.action.localeCompare(other.action));
}

function Sensitive() {
  const { t } = useTranslation();
  const mayChange = useMay()("policy.change");
  const rightName = useRightName();
  const [version, setVersion] = useState(0);
  const changed = () => setVersion((before) => before + 1);
  return (
    <>
      <h2 className="text-[15px] font-semibold">{t("rights.sensitive")}</h2>
      <p className="max-w-3xl text-quiet">{t("rights.sensitive-about")}</p>
      <List<Right>
        title="rights.sensitive"
        load={async () => ({ items: await sensitive(), next: null })}
        version={version}
        empty="rights.rows-none"
        rowKey={(row) => row.action}
        columns={[
          { title: "rights.right", cell: (row) => rightName(row.action), text: (row) => row.action },
          { title: "rights.second", cell: (row) => <Tone tone={row.second_person ? "ok" : "quiet"}>{t(row.second_person ? "rights.second-asked" : "rights.second-not")}</Tone>, text: (row) => String(row.second_person) },
        ]}
        acts={(row) => mayChange && (
          row.second_person
            ? <ActButton label="rights.ask-no" name={rightName(row.action)} look="danger" action="access-approval" body={{ right: row.action, wanted: false }} done={changed} ask={<p>{t("rights.ask-no-ask", { right: rightName(row.action) })}</p>} />
            : <ActButton label="rights.ask-yes" name={rightName(row.action)} action="access-approval" body={{ right: row.action, wanted: true }} done={changed} ask={<p>{t("rights.ask-yes-ask", { right: rightName(row.action) })}</p>} />
        )}
      />
    </>
  );
}
