// Whether the company's mail is safe, in ten seconds: what needs attention first, with the way to mend it; then live numbers, each of which
// leads to its rows.

import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { size } from "../../i18n/format";
import { usePlaces } from "../frame";
import { ActButton } from "../kit/form";
import { useMay, useMe } from "../kit/me";
import { Count, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { RangePicker, useSpan } from "../kit/range";
import { MailByDay } from "../defend/mail-by-day";
import { type Mend, pageOf, wayTo, wayToNumber } from "./ways";

type State = "failed" | "needs-a-person" | "passed";

interface Area {
  area: string;
  title: string;
  state: State;
  check: string;
  why: string;
  figures: { figure: string; name: string; value: unknown }[];
  since: string;
  mend: Mend | null;
  checks: { check: string; state: State }[];
}

interface Live {
  number: string;
  title: string;
  list: string;
  day?: number;
  week?: number;
  now?: number;
  oldest?: string | null;
  last?: string | null;
  end?: string | null;
  used_bytes?: number | null;
  free_bytes?: number | null;
}

interface Overview {
  at: string;
  counts: Record<State, number>;
  areas: Area[];
  numbers: Live[];
}

/** How often the numbers are asked for anew. */
const LIVE_MS = 30_000;

const tones = { failed: "danger", "needs-a-person": "warning", passed: "ok" } as const;

export default function OverviewScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const { name, organisation } = useMe();
  const about = t("overview.about", { name, organisation });
  if (!may("evidence.read")) return <ScreenPage title={t("overview.title")} about={about}><p className="rounded-lg border border-line bg-paper p-4">{t("overview.choose")}</p></ScreenPage>;
  return <ScreenPage title={t("overview.title")} about={about}><Shown /></ScreenPage>;
}

function Shown() {
  const language = useSaid();
  const may = useMay();
  const [read] = useState(() => () => act<Overview>("overview", { language }));
  const known = useTold(read);
  const { again } = known;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && again(), LIVE_MS);
    return () => clearInterval(timer);
  }, [again]);
  return (
    <Told of={known}>
      {(overview) => (
        <>
          <Verdict of={overview} />
          <Areas areas={overview.areas} again={again} />
          <Numbers numbers={overview.numbers} />
          {may("quarantine.read") && <OverTime />}
        </>
      )}
    </Told>
  );
}

/** Days that are drawn at first. */
const USUAL_DAYS = "7";

function OverTime() {
  const [span] = useSpan(USUAL_DAYS);
  return (
    <>
      <RangePicker usual={USUAL_DAYS} />
      <MailByDay span={span} />
    </>
  );
}

/** The one alarm of the page. */
function Verdict({ of }: { of: Overview }) {
  const { t } = useTranslation();
  const { failed, "needs-a-person": person, passed } = of.counts;
  return (
    <section aria-label={t("overview.verdict")} className="rounded-lg border border-line bg-paper p-4">
      <p className="text-[15px]">
        {failed > 0 ? <Tone tone="danger">{t("overview.acts", { count: failed })}</Tone> : <Tone tone="ok">{t("overview.safe")}</Tone>}
      </p>
      <p className="text-quiet">{t("overview.counts", { person, passed })} <Moment at={of.at} /></p>
    </section>
  );
}

function Areas({ areas, again }: { areas: Area[]; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const places = usePlaces().map(({ path }) => path);
  return (
    <section aria-label={t("overview.areas")} className="rounded-lg border border-line bg-paper">
      <h2 className="px-4 pt-4 text-[15px] font-semibold">{t("overview.areas")}</h2>
      <ul>
        {areas.map((area) => {
          const way = area.mend && area.state !== "passed" ? wayTo(area.mend, places) : undefined;
          return (
            <li key={area.area} className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-4 py-2 first:border-t-0">
              <div className="w-48 font-medium">{area.title}</div>
              <div className="w-36"><Tone tone={tones[area.state]}>{t(`overview.state-${area.state}`)}</Tone></div>
              <div className="min-w-0 flex-1 basis-72">
                <div>{area.why}</div>
                {area.figures.length > 0 && <div className="text-quiet">{area.figures.map(({ name, value }) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`).join(" · ")}</div>}
              </div>
              {way && <To way={way} className="inline-flex min-h-8 items-center rounded-md border border-line bg-paper px-3 hover:bg-hover" aria-label={`${t("overview.mend")}: ${area.title}`}>{t("overview.mend")}</To>}
              {area.state !== "passed" && area.mend?.name === "evidence-look" && <ActButton action="evidence-look" label="overview.look" name={area.title} done={again} />}
              {area.state !== "passed" && area.mend?.name === "key-rotate-organisation" && may("key.rotate") && <ActButton action="key-rotate-organisation" body={{ organisation: null }} label="overview.rotate" ask={<p>{t("overview.rotate-ask")}</p>} done={again} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Numbers({ numbers }: { numbers: Live[] }) {
  const { t } = useTranslation();
  const places = usePlaces().map(({ path }) => path);
  return (
    <section aria-label={t("overview.numbers")} className="rounded-lg border border-line bg-paper p-4">
      <h2 className="mb-2 text-[15px] font-semibold">{t("overview.numbers")}</h2>
      <dl className="grid grid-cols-[repeat(auto-fill,minmax(15rem,1fr))] gap-x-6">
        {numbers.map((live) => {
          const way = wayToNumber(live, places, new Date());
          return (
            <div key={live.number} className="border-t border-line py-2">
              <dt className="text-quiet">{live.title}</dt>
              <dd>{way ? <To way={way} className="text-accent underline"><Value of={live} /></To> : <Value of={live} />}</dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

/** A link with the filters of its page. */
function To({ way, children, ...rest }: { way: string; className: string; "aria-label"?: string; children: ReactNode }) {
  const search = Object.fromEntries(new URLSearchParams(way.slice(pageOf(way).length)));
  return <Link to={pageOf(way)} search={search as never} {...rest}>{children}</Link>;
}

function Value({ of }: { of: Live }) {
  const { t, i18n } = useTranslation();
  if (of.day !== undefined) return <span>{t("overview.day-week", { day: of.day, week: of.week ?? 0 })}</span>;
  if (of.now !== undefined) return <span><Count of={of.now} />{of.oldest && <> ({t("overview.oldest")} <Moment at={of.oldest} />)</>}</span>;
  if ("last" in of) return of.last ? <Moment at={of.last} /> : <span>{t("overview.never")}</span>;
  if ("end" in of) return of.end ? <Moment at={of.end} /> : <span>{t("overview.unknown")}</span>;
  if (typeof of.used_bytes === "number" && typeof of.free_bytes === "number") return <span>{t("overview.room", { used: size(of.used_bytes, i18n.language), free: size(of.free_bytes, i18n.language) })}</span>;
  return <span>{t("overview.unknown")}</span>;
}
