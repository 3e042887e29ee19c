// From a fresh server to a safe one: what is done, what is next, and the way there.

import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Told, useTold } from "../../account/section";
import { useWithFactor } from "../../account/step-up";
import { Button } from "../../ui/button";
import { usePlaces } from "../frame";
import { useMay, useMe } from "../kit/me";
import { Block, ScreenPage, Tone } from "../kit/parts";
import { ask, judge, type Stand } from "./steps";
import { tried } from "./test-mail";

export default function SetupScreen() {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  const withFactor = useWithFactor();
  const [read] = useState(() => () => withFactor(() => ask(may, me.level, me.alone)));
  const known = useTold(read);
  return (
    <ScreenPage title={t("setup.title")} about={t("setup.about")} acts={<Button onPress={known.again}>{t("setup.again")}</Button>}>
      <Told of={known}>{(all) => <Steps stands={judge(all)} again={known.again} />}</Told>
    </ScreenPage>
  );
}

function Steps({ stands, again }: { stands: Stand[]; again: () => void }) {
  const { t } = useTranslation();
  const next = stands.find(({ state }) => state === "open");
  const done = stands.filter(({ state }) => state === "done").length;
  return (
    <Block title="setup.steps">
      <p role="status" className="mb-2">{next ? t("setup.next", { step: t(`setup.step-${next.step}`), done, all: stands.length }) : t("setup.ready")}</p>
      <ol>{stands.map((stand, index) => <Line key={stand.step} number={index + 1} stand={stand} isNext={stand === next} again={again} />)}</ol>
    </Block>
  );
}

function Line({ number, stand, isNext, again }: { number: number; stand: Stand; isNext: boolean; again: () => void }) {
  const { t } = useTranslation();
  const places = usePlaces().map(({ path }) => path);
  const { step, state, to, values } = stand;
  const way = to === undefined ? undefined : places.find((path) => to === path || to.startsWith(`${path}/`));
  const [isTrying, setTrying] = useState(false);
  return (
    <li aria-current={isNext ? "step" : undefined} className={`flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line py-2 ${isNext ? "bg-chosen" : ""}`}>
      <span className="w-6 text-end text-quiet tabular-nums">{number}</span>
      <span className="w-28"><Tone tone={state === "done" ? "ok" : state === "open" ? "danger" : "quiet"}>{t(`setup.state-${state}`)}</Tone></span>
      <div className="min-w-0 flex-1 basis-72">
        <div className="font-medium">{t(`setup.step-${step}`)}</div>
        <div className="text-quiet">{t(`setup.says-${step}`, step === "level" ? { name: t(`console.level-${values.level}`) } : values)}</div>
      </div>
      {to !== undefined && way !== undefined && <Link to={to} aria-label={`${t("setup.go")}: ${t(`setup.step-${step}`)}`} className="inline-flex min-h-8 items-center rounded-md border border-line bg-paper px-3 hover:bg-hover">{t("setup.go")}</Link>}
      {to === undefined && <Button aria-expanded={isTrying} aria-label={`${t("setup.try")}: ${t(`setup.step-${step}`)}`} onPress={() => setTrying((before) => !before)}>{t("setup.try")}</Button>}
      {isTrying && tried(step, again)}
    </li>
  );
}
