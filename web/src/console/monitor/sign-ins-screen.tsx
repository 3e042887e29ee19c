// Who signs in from where: on a map, day by day, and one by one; what was odd, and what people say of it.

import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { idInPath, wentWell } from "../../account/api";
import { Chart } from "../kit/chart";
import { ActButton } from "../kit/form";
import { List, useFilters } from "../kit/list";
import { useMay } from "../kit/me";
import { Block, Moment, ScreenPage, Tone } from "../kit/parts";
import { range, RangePicker } from "../kit/range";
import { upTo } from "../kit/remote";
import { counted, type Span, spanOf } from "../kit/span";
import { Colleague } from "../defend/evidence";
import { Frozen } from "./frozen";
import { Outcome, SignInTabs, useCountry, useWay } from "./sign-in-parts";
import { countriesOf, isUnanswered, OUTCOMES, type SignIn, signIns, USUAL_DAYS } from "./watch";

const WorldMap = lazy(() => import("../../account/world-map"));

/** Sign-ins that are drawn. */
const DRAWN_MAX = 1000;

export default function SignInsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <ScreenPage title={t("watch.title")} about={t("watch.about")}>
      <SignInTabs />
      {may("sign-in.read") ? <SignIns /> : <Frozen />}
    </ScreenPage>
  );
}

function SignIns() {
  const { t } = useTranslation();
  const may = useMay();
  const country = useCountry();
  const way = useWay();
  const [version, setVersion] = useState(0);
  const [drawn, setDrawn] = useState<{ items: SignIn[]; isMore: boolean }>();
  const codes = countriesOf(drawn?.items ?? []);
  const filters = [
    ...range(USUAL_DAYS),
    { name: "person", label: "watch.person", kind: "address" as const },
    { name: "odd", label: "watch.odd", options: [["", "watch.odd-all"], ["yes", "watch.odd-only"]] as [string, string][] },
    { name: "outcome", label: "watch.outcome", options: [["", "kit.any"], ...OUTCOMES.map((it): [string, string] => [it, `watch.outcome-${it}`])] as [string, string][] },
    { name: "country", label: "watch.country", options: [["", "kit.any"], ...codes.map((code): [string, string] => [code, country(code)])] as [string, string][] },
    { name: "said", label: "watch.said", options: [["", "kit.any"], ["open", "watch.said-open"], ["mine", "watch.said-mine"], ["not-mine", "watch.said-not-mine"]] as [string, string][] },
  ];
  const [chosen] = useFilters(filters);
  const { country: place, ...others } = chosen;
  const key = JSON.stringify(others);
  useEffect(() => {
    let ended = false;
    upTo(signIns, JSON.parse(key) as Record<string, string>, DRAWN_MAX).then(
      (found) => !ended && setDrawn(found),
      // The table below tells what went wrong.
      () => {},
    );
    return () => {
      ended = true;
    };
  }, [key, version]);
  const again = () => setVersion((before) => before + 1);
  const answer = (row: SignIn) => <Answer of={row} done={again} />;
  return (
    <>
      <RangePicker usual={USUAL_DAYS} />
      {drawn?.isMore && <p className="text-quiet">{t("watch.drawn", { count: DRAWN_MAX })}</p>}
      {drawn && <Picture of={place === undefined ? drawn.items : drawn.items.filter((it) => it.country === place)} span={spanOf(chosen, USUAL_DAYS, new Date())} />}
      <List<SignIn>
        title="watch.title"
        load={signIns}
        version={version}
        empty="watch.none"
        rowKey={(row) => row.id}
        filters={filters}
        columns={[
          { title: "watch.time", cell: (row) => <When of={row} />, text: (row) => row.time },
          { title: "watch.person", cell: (row) => (row.account === null ? <span className="text-quiet">{t("watch.nobody")}</span> : <Colleague address={row.account} />), text: (row) => row.account ?? "" },
          { title: "watch.outcome", cell: (row) => <Outcome of={row.outcome} />, text: (row) => row.outcome },
          { title: "watch.odd", cell: (row) => (row.answer === null || row.answer === "pass" ? <span className="text-quiet">–</span> : <Tone tone={isUnanswered(row) ? "danger" : "warning"}>{t(`watch.answer-${row.answer}`)}</Tone>), text: (row) => row.answer ?? "" },
          { title: "watch.said", cell: (row) => (row.said === "" ? <span className="text-quiet">{isUnanswered(row) ? t("watch.said-open") : "–"}</span> : <Tone tone={row.said === "mine" ? "ok" : "danger"}>{t(`watch.said-${row.said}`)}</Tone>), text: (row) => row.said },
          { title: "watch.country", cell: (row) => country(row.country), text: (row) => row.country ?? "" },
          { title: "watch.from", cell: (row) => <bdi dir="ltr">{row.from}</bdi>, text: (row) => row.from },
          { title: "watch.by", cell: (row) => way(row.by), text: (row) => row.by },
        ]}
        {...(may("sign-in.answer") ? { acts: answer } : {})}
      />
    </>
  );
}

function Picture({ of, span }: { of: SignIn[]; span: Span }) {
  const { i18n } = useTranslation();
  const { labels, sums } = counted(of, span, i18n.language, ({ time }) => time, (it) => (wentWell(it) ? [1, 0] : [0, 1]));
  return (
    <>
      <Block title="watch.map"><Suspense><WorldMap events={of} /></Suspense></Block>
      <Chart
        title={span.unit === "hour" ? "watch.by-hour" : "watch.by-day"}
        labels={labels}
        series={[
          { name: "watch.well", values: sums[0] ?? [], tone: "accent" },
          { name: "watch.not-well", values: sums[1] ?? [], tone: "danger" },
        ]}
      />
    </>
  );
}

/** When; leads to why it was taken for odd. */
function When({ of }: { of: SignIn }) {
  if (of.account === null) return <Moment at={of.time} />;
  return <Link to={`/sign-ins/of/${encodeURIComponent(of.account)}/${idInPath(of.id)}`} className="text-accent underline"><Moment at={of.time} /></Link>;
}

/** What its owner has said, as told to somebody who looks after sign-ins: by telephone, say. */
export function Answer({ of, done }: { of: SignIn; done: () => void }) {
  const { t } = useTranslation();
  if (!isUnanswered(of)) return null;
  return (
    <>
      <ActButton action="sign-in-answer" body={{ address: of.account, id: of.id, mine: true }} label="watch.say-mine" name={of.account ?? ""} ask={<p>{t("watch.mine-ask", { person: of.account ?? "" })}</p>} done={done} />
      <ActButton action="sign-in-answer" body={{ address: of.account, id: of.id, mine: false }} label="watch.say-not-mine" name={of.account ?? ""} look="danger" ask={<p>{t("watch.not-mine-ask", { person: of.account ?? "" })}</p>} said="watch.was-frozen" done={done} />
    </>
  );
}
