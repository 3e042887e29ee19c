// What people may send: rules for outbound mail, and documents that are known again.

import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Block, Count, Moment, ScreenPage } from "../kit/parts";
import { whole } from "../kit/remote";
import { MODES, type Rule } from "./outbound-rule";
import { actionSays, conditionSays, peopleSay } from "./outbound-says";
import { ModeShown } from "./outbound-words";

interface Marked {
  name: string;
  at: string;
  hashes: number;
}

const loadMarks = whole<Marked>("outbound-marks");

export default function OutboundScreen() {
  const { t } = useTranslation();
  const mayChange = useMay()("policy.change");
  const navigate = useNavigate();
  const load = useMemo(() => whole<Rule>("outbound-rules", () => ({}), (rule, { mode = "", search = "" }) => {
    const text = `${rule.name} ${conditionSays(rule.when, t)} ${rule.actions.map((it) => actionSays(it, t)).join(" ")}`.toLowerCase();
    return (mode === "" || rule.mode === mode) && search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }), [t]);
  return (
    <ScreenPage title={t("outrule.title")} about={t("outrule.about")} acts={mayChange && <Button look="first" onPress={() => void navigate({ to: "/outbound/new" as string })}>{t("outrule.add")}</Button>}>
      <List<Rule>
        title="outrule.title"
        load={load}
        empty="outrule.none"
        rowKey={(rule) => rule.name}
        to={(rule) => `/outbound/rules/${encodeURIComponent(rule.name)}`}
        filters={[{ name: "search", label: "kit.search" }, { name: "mode", label: "outrule.mode", options: [["", "kit.any"], ...MODES.map((mode): [string, string] => [mode, `outrule.mode-${mode}`])] }]}
        columns={[
          { title: "outrule.name", cell: (rule) => <>{rule.name}{rule.shipped && <><br /><span className="text-quiet">{t("outrule.shipped")}</span></>}</>, text: (rule) => rule.name },
          { title: "outrule.when", cell: (rule) => <>{conditionSays(rule.when, t)}{rule.unless && <><br />{t("outrule.unless-short", { what: conditionSays(rule.unless, t) })}</>}</>, text: (rule) => conditionSays(rule.when, t) },
          { title: "outrule.whose", cell: (rule) => (rule.scope ? peopleSay(rule.scope, t) : t("outrule.everybody")), text: (rule) => (rule.scope ? peopleSay(rule.scope, t) : t("outrule.everybody")) },
          { title: "outrule.then", cell: (rule) => rule.actions.map((action) => actionSays(action, t)).join(t("outrule.comma")), text: (rule) => rule.actions.map((action) => actionSays(action, t)).join("; ") },
          { title: "outrule.mode", cell: (rule) => <ModeShown mode={rule.mode} />, text: (rule) => t(`outrule.mode-${rule.mode}`) },
          { title: "outrule.priority", cell: (rule) => <Count of={rule.priority} />, text: (rule) => String(rule.priority), isNumber: true },
        ]}
        acts={(rule, again) => mayChange && !rule.shipped && <ActButton label="outrule.remove" name={rule.name} look="danger" action="outbound-rule-remove" body={{ name: rule.name }} done={again} ask={<p>{t("outrule.remove-ask", { name: rule.name })}</p>} />}
      />
      <h2 className="text-[15px] font-semibold">{t("outrule.marks")}</h2>
      <p className="max-w-3xl text-quiet">{t("outrule.marks-about")}</p>
      <List<Marked>
        title="outrule.marks"
        load={loadMarks}
        empty="outrule.marks-none"
        rowKey={(row) => row.name}
        columns={[
          { title: "outrule.mark-name", cell: (row) => <bdi>{row.name}</bdi>, text: (row) => row.name },
          { title: "outrule.mark-since", cell: (row) => <Moment at={row.at} />, text: (row) => row.at },
          { title: "outrule.mark-size", cell: (row) => <Count of={row.hashes} />, text: (row) => String(row.hashes), isNumber: true },
        ]}
        acts={(row, again) => mayChange && <ActButton label="outrule.unmark" name={row.name} look="danger" action="outbound-mark-remove" body={{ name: row.name }} done={again} ask={<p>{t("outrule.unmark-ask", { name: row.name })}</p>} />}
      />
      {mayChange && <HowToMark />}
    </ScreenPage>
  );
}

const COMMAND = "tradewind outbound mark add price-list.pdf --name prices";

function HowToMark() {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  return (
    <Block title="outrule.mark-how" beside={<Button onPress={() => void navigator.clipboard.writeText(COMMAND).then(() => say(t("govern.copied")), fail)}>{t("account.copy")}</Button>}>
      <p className="mb-2">{t("outrule.mark-why")}</p>
      <p className="rounded-md bg-ground p-3"><code dir="ltr" className="select-all">{COMMAND}</code></p>
    </Block>
  );
}
