// One sign-in: what was known of it, and why it was taken for odd.

import { useParams } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { act, idOfPath } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Colleague } from "../defend/evidence";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { Outcome, useCountry, useWay } from "./sign-in-parts";
import { Answer } from "./sign-ins-screen";
import { isOdd, type SignIn } from "./watch";

interface Shown extends SignIn {
  program: string | null;
  device: string | null;
  tls: string | null;
  operator: string | null;
  strong_factor: boolean;
  score: number | null;
  parts: { dimension: string; weight: number }[];
  why: string[];
}

export default function SignInScreen() {
  const { t } = useTranslation();
  const { address = "", id = "" } = useParams({ strict: false }) as { address?: string; id?: string };
  const language = useSaid();
  const read = useCallback(() => act<Shown>("sign-in-show", { address, id: idOfPath(id), language }), [address, id, language]);
  const known = useTold(read);
  return (
    <ScreenPage title={t("watch.one")} back={{ to: "/sign-ins", name: t("watch.title") }}>
      <Told of={known}>{(shown) => <One of={shown} again={known.again} />}</Told>
    </ScreenPage>
  );
}

function One({ of, again }: { of: Shown; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const country = useCountry();
  const way = useWay();
  return (
    <>
      {may("sign-in.answer") && <div className="flex flex-wrap gap-2 print-hidden"><Answer of={of} done={again} /></div>}
      <Block title="watch.why">
        <p className="mb-1">{isOdd(of) ? <Tone tone="warning">{t(`watch.answer-${of.answer}`)}</Tone> : <Tone tone="ok">{t("watch.answer-pass")}</Tone>}</p>
        {of.why.length === 0 ? <p className="text-quiet">{t("watch.why-none")}</p> : <ul className="list-disc ps-5">{of.why.map((reason) => <li key={reason} dir="auto">{reason}</li>)}</ul>}
        {of.parts.length > 0 && <Score of={of} />}
      </Block>
      <Block title="watch.facts">
        <Facts>
          <Fact name="watch.person"><Colleague address={of.account} /></Fact>
          <Fact name="watch.time"><Moment at={of.time} /></Fact>
          <Fact name="watch.outcome"><Outcome of={of.outcome} /></Fact>
          <Fact name="watch.said">{of.said === "" ? t("watch.said-open") : <Tone tone={of.said === "mine" ? "ok" : "danger"}>{t(`watch.said-${of.said}`)}</Tone>}</Fact>
          <Fact name="watch.country">{country(of.country)}</Fact>
          <Fact name="watch.from"><bdi dir="ltr">{of.from}</bdi>{of.operator && <span className="text-quiet"> {of.operator}</span>}</Fact>
          <Fact name="watch.by">{way(of.by)}</Fact>
          <Fact name="watch.program">{of.program ?? "–"}</Fact>
          <Fact name="watch.device">{of.device ?? t("watch.device-unknown")}</Fact>
          <Fact name="watch.tls"><bdi dir="ltr">{of.tls ?? "–"}</bdi></Fact>
          <Fact name="watch.strong">{t(of.strong_factor ? "watch.strong-yes" : "watch.strong-no")}</Fact>
        </Facts>
      </Block>
    </>
  );
}

/** A part that alone is hardly the owner's. */
const HEAVY = 4;

/** How unlike its owner each side of it is. */
function Score({ of }: { of: Shown }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
  return (
    <dl className="mt-3 grid max-w-xl grid-cols-[minmax(6rem,10rem)_1fr_auto] items-center gap-x-3 gap-y-1">
      {of.parts.map(({ dimension, weight }) => (
        <div key={dimension} className="contents">
          <dt className="text-quiet">{t(`watch.dimension-${dimension}`)}</dt>
          <dd><span className={`block h-1.5 rounded-md ${weight > 0 ? "bg-warning" : "bg-ok"}`} style={{ inlineSize: `${Math.min(Math.abs(weight) / HEAVY, 1) * 100}%` }} /></dd>
          <dd className="text-end tabular-nums">{number.format(weight)}</dd>
        </div>
      ))}
    </dl>
  );
}
