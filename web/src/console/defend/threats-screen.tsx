// What came in the last days and was more than plain mail; day by day, and one by one.

import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ScreenPage, useSaid } from "../kit/parts";
import { range, RangePicker, useSpan } from "../kit/range";
import { Tabs } from "../kit/tabs";
import { DONE } from "./evidence";
import { MailByDay } from "./mail-by-day";
import { TABS, threats, USUAL_DAYS } from "./threats";
import { ThreatsTable } from "./threats-table";

const FILTERS = [
  ...range(USUAL_DAYS),
  { name: "done", label: "threats.done", options: [["", "threats.all-but-delivered"], ...DONE.map((it): [string, string] => [it, `evidence.done-${it}`])] as [string, string][] },
];

export default function ThreatsScreen() {
  const { t } = useTranslation();
  const language = useSaid();
  const load = useMemo(() => threats(language), [language]);
  const [span] = useSpan(USUAL_DAYS);
  return (
    <ScreenPage title={t("threats.title")} about={t("threats.about")}>
      <Tabs label="threats.title" tabs={TABS} />
      <RangePicker usual={USUAL_DAYS} />
      <MailByDay span={span} />
      <ThreatsTable key={language} title="threats.messages" load={load} filters={FILTERS} empty="threats.none" />
    </ScreenPage>
  );
}
