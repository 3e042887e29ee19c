// How well mail is judged, by what people here said of it.

import { Link } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Chart } from "../kit/chart";
import { useFilters } from "../kit/list";
import { Block, Count, Fact, Facts, ScreenPage, Tone } from "../kit/parts";
import { Tabs } from "../kit/tabs";
import { usePercent } from "./evidence";
import { TABS } from "./judging-screen";
import { drift, isThin, type Quality } from "./quality";

const SPANS = ["7", "14", "30", "90"];
/** A change of the wrong ones' share that is told of. */
const DRIFT_MIN = 0.1;

export default function QualityScreen() {
  const { t } = useTranslation();
  const [{ days = "30" }, set] = useFilters([{ name: "days", label: "defend.days", usual: "30" }]);
  const read = useCallback(() => act<Quality>("judging-quality", { days: Number(days), organisation: null }), [days]);
  const known = useTold(read);
  return (
    <ScreenPage title={t("quality.title")} about={t("quality.about")}>
      <Tabs label="judging.title" tabs={TABS} />
      <label className="flex max-w-48 flex-col">
        <span className="text-quiet">{t("defend.days")}</span>
        <select className="min-h-8 rounded-md border border-strong-line bg-paper px-2" value={days} onChange={(event) => set("days", event.target.value)}>
          {SPANS.map((it) => <option key={it} value={it}>{t("quality.span", { count: Number(it) })}</option>)}
        </select>
      </label>
      <Told of={known}>{(told) => <Shown of={told} days={Number(days)} />}</Told>
    </ScreenPage>
  );
}

function Shown({ of, days }: { of: Quality; days: number }) {
  const { t, i18n } = useTranslation();
  const percent = usePercent();
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeZone: "UTC" });
  const change = drift(of.days);
  const share = (value: number | null) => (value === null ? "–" : percent(value));
  return (
    <>
      <Block title="quality.shares">
        {isThin(of) && <p className="mb-2"><Tone tone="warning">{t("quality.thin")}</Tone></p>}
        <Facts>
          <Fact name="quality.precision"><span className="text-[18px] font-semibold">{share(of.precision)}</span> <span className="text-quiet">{t("quality.precision-about", { right: of.rightly_stopped, wrong: of.wrongly_stopped })}</span></Fact>
          <Fact name="quality.recall"><span className="text-[18px] font-semibold">{share(of.recall)}</span> <span className="text-quiet">{t("quality.recall-about", { right: of.rightly_stopped, missed: of.missed })}</span></Fact>
          <Fact name="quality.drift">{change === undefined ? <Tone tone="quiet">{t("quality.drift-unknown")}</Tone> : change > DRIFT_MIN ? <Tone tone="danger">{t("quality.drift-worse", { by: percent(change) })}</Tone> : <Tone tone="ok">{t("quality.drift-none")}</Tone>}</Fact>
          <Fact name="quality.judged"><Count of={of.judged} /></Fact>
          <Fact name="quality.stopped"><Count of={of.stopped} /></Fact>
          <Fact name="quality.undecided"><Count of={of.undecided} /></Fact>
        </Facts>
        <p className="mt-2 text-quiet">{t("quality.kept", { count: of.kept_days })} {days > of.kept_days && t("quality.kept-less")} <Link to="/reported" className="text-accent underline">{t("quality.rows")}</Link></p>
      </Block>
      {of.days.length > 0 && (
        <Chart
          title="quality.said"
          labels={of.days.map((it) => day.format(new Date(it.day)))}
          series={[
            { name: "quality.right", values: of.days.map((it) => it.rightly_stopped), tone: "ok" },
            { name: "quality.wrong", values: of.days.map((it) => it.wrongly_stopped), tone: "warning" },
            { name: "quality.missed", values: of.days.map((it) => it.missed), tone: "danger" },
          ]}
        />
      )}
    </>
  );
}
