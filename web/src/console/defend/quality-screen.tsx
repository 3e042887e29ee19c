// How well mail is judged, by what people here said of it.

import { Link } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Chart } from "../kit/chart";
import { Block, Count, Fact, Facts, ScreenPage, Tone } from "../kit/parts";
import { RangePicker, useSpan } from "../kit/range";
import type { Span } from "../kit/span";
import { Tabs } from "../kit/tabs";
import { usePercent } from "./evidence";
import { TABS } from "./judging-screen";
import { drift, inSpan, isThin, type Quality, sumOf } from "./quality";

const USUAL_DAYS = "30";
/** A change of the wrong ones' share that is told of. */
const DRIFT_MIN = 0.1;

export default function QualityScreen() {
  const { t } = useTranslation();
  const [span] = useSpan(USUAL_DAYS);
  const { back } = span;
  const read = useCallback(() => act<Quality>("judging-quality", { days: back, organisation: null }), [back]);
  const known = useTold(read);
  return (
    <ScreenPage title={t("quality.title")} about={t("quality.about")}>
      <Tabs label="judging.title" tabs={TABS} />
      <RangePicker usual={USUAL_DAYS} />
      <Told of={known}>{(told) => <Shown of={told} span={span} />}</Told>
    </ScreenPage>
  );
}

function Shown({ of: whole, span }: { of: Quality; span: Span }) {
  const { t, i18n } = useTranslation();
  const percent = usePercent();
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeZone: "UTC" });
  const days = inSpan(whole.days, span);
  // Of days of one's own the server counted those after them, too.
  const of = span.until === undefined ? whole : sumOf(days);
  const change = drift(days);
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
          {span.until === undefined && <Fact name="quality.undecided"><Count of={whole.undecided} /></Fact>}
        </Facts>
        <p className="mt-2 text-quiet">{t("quality.kept", { count: whole.kept_days })} {span.back > whole.kept_days && t("quality.kept-less")} <Link to="/reported" className="text-accent underline">{t("quality.rows")}</Link></p>
      </Block>
      {days.length > 0 && (
        <Chart
          title="quality.said"
          labels={days.map((it) => day.format(new Date(it.day)))}
          series={[
            { name: "quality.right", values: days.map((it) => it.rightly_stopped), tone: "ok" },
            { name: "quality.wrong", values: days.map((it) => it.wrongly_stopped), tone: "warning" },
            { name: "quality.missed", values: days.map((it) => it.missed), tone: "danger" },
          ]}
        />
      )}
    </>
  );
}
