// What came in the last days and was more than plain mail; day by day, and one by one.

import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Chart } from "../kit/chart";
import { useFilters } from "../kit/list";
import { ScreenPage, useSaid } from "../kit/parts";
import { Tabs } from "../kit/tabs";
import { DONE } from "./evidence";
import { type Quality } from "./quality";
import { DAYS, TABS, threats } from "./threats";
import { ThreatsTable } from "./threats-table";

const FILTERS = [
  { name: "days", label: "defend.days", options: DAYS, usual: "7" },
  { name: "done", label: "threats.done", options: [["", "threats.all-but-delivered"], ...DONE.map((it): [string, string] => [it, `evidence.done-${it}`])] as [string, string][] },
];

export default function ThreatsScreen() {
  const { t } = useTranslation();
  const language = useSaid();
  const load = useMemo(() => threats(language), [language]);
  const [{ days = "7" }] = useFilters(FILTERS);
  return (
    <ScreenPage title={t("threats.title")} about={t("threats.about")}>
      <Tabs label="threats.title" tabs={TABS} />
      <Days days={Number(days)} />
      <ThreatsTable key={language} title="threats.messages" load={load} filters={FILTERS} empty="threats.none" />
    </ScreenPage>
  );
}

function Days({ days }: { days: number }) {
  const { i18n } = useTranslation();
  const read = useCallback(() => act<Quality>("judging-quality", { days, organisation: null }), [days]);
  const known = useTold(read);
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeZone: "UTC" });
  return (
    <Told of={known}>
      {(told) => told.days.length === 0 ? null : (
        <Chart
          title="threats.by-day"
          labels={told.days.map((it) => day.format(new Date(it.day)))}
          series={[
            { name: "threats.stopped", values: told.days.map((it) => it.stopped), tone: "warning" },
            { name: "threats.let-in", values: told.days.map((it) => it.judged - it.stopped), tone: "quiet" },
          ]}
        />
      )}
    </Told>
  );
}
