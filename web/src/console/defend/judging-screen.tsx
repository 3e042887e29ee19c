// From which probability what is done with mail: what the level says, where the company departs from it, and why.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Moment, ScreenPage, Tone } from "../kit/parts";
import { Tabs } from "../kit/tabs";
import { Colleague, usePercent } from "./evidence";
import { isLower } from "./policy";

interface Row {
  setting: string;
  value: string;
  level: string;
  of_level: string;
  set: string | null;
  reason: string | null;
  by: string | null;
  since: string | null;
}

interface Past {
  setting: string;
  value: string;
  below_level: string | null;
  reason: string;
  by: string;
  since: string;
  until: string | null;
}

export const TABS: [string, string][] = [["/judging", "judging.tab"], ["/judging/quality", "quality.title"]];

export default function JudgingScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [read] = useState(() => () => act<Row[]>("judging-policy", { organisation: null, history: false }));
  const [version, setVersion] = useState(0);
  return (
    <ScreenPage title={t("judging.title")} about={t("judging.about")}>
      <Tabs label="judging.title" tabs={TABS} />
      {may("policy.read") ? (
        <>
          <Policy key={version} read={read} again={() => setVersion((before) => before + 1)} />
          <History key={`history ${version}`} />
        </>
      ) : <p>{t("console.not-yours")}</p>}
    </ScreenPage>
  );
}

function Policy({ read, again }: { read: () => Promise<Row[]>; again: () => void }) {
  const { t } = useTranslation();
  const known = useTold(read);
  return (
    <Block title="judging.tab">
      <Told of={known}>{(rows) => <ul>{rows.map((row) => <Setting key={row.setting} of={row} again={again} />)}</ul>}</Told>
      <p className="mt-2 text-quiet">{t("judging.two")}</p>
    </Block>
  );
}

/** A threshold as people read it: a percentage, never, or the word. */
export function Value({ of }: { of: string }) {
  const { t } = useTranslation();
  const percent = usePercent();
  if (of === "never" || of === "warn" || of === "junk") return <>{t(`judging.value-${of}`)}</>;
  return <>{percent(Number(of))}</>;
}

function Setting({ of, again }: { of: Row; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const isLowered = of.set !== null && isLower(of.setting, of.value, of.of_level);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line py-2 first:border-t-0">
      <div className="min-w-0 flex-1 basis-72">
        <div className="font-medium">{t(`judging.setting-${of.setting}`)}</div>
        <div className="flex flex-wrap gap-x-3">
          <span className="text-[15px] tabular-nums"><Value of={of.value} /></span>
          {of.set === null ? <Tone tone="ok">{t("judging.as-level")}</Tone> : <Tone tone={isLowered ? "warning" : "ok"}>{t(isLowered ? "judging.below" : "judging.above")}</Tone>}
          {of.set !== null && <span className="text-quiet">{t("judging.level-says")} <Value of={of.of_level} /></span>}
        </div>
        {of.set !== null && <div className="flex flex-wrap gap-x-3 text-quiet">{of.reason && <span dir="auto">{of.reason}</span>}{of.by && <Colleague address={of.by} />}<Moment at={of.since} /></div>}
      </div>
      {may("policy.change") && (
        <div className="flex flex-wrap gap-2">
          <FormButton
            label="judging.set"
            title={`judging.setting-${of.setting}`}
            action="judging-policy-set"
            fixed={{ setting: of.setting, organisation: null }}
            fields={[
              of.setting === "unjudged" ? { name: "value", label: "judging.value", kind: "choice", options: [["warn", "judging.value-warn"], ["junk", "judging.value-junk"]] } : { name: "value", label: "judging.value", hint: "judging.value-hint" },
              { name: "reason", label: "judging.reason", hint: "judging.reason-hint", kind: "long", isOptional: true },
            ]}
            initial={{ value: of.value }}
            submit="judging.set"
            done={again}
          />
          {of.set !== null && <ActButton action="judging-policy-clear" body={{ setting: of.setting, organisation: null }} label="judging.clear" name={t(`judging.setting-${of.setting}`)} ask={<p>{t("judging.clear-ask")} <Value of={of.of_level} /></p>} done={again} />}
        </div>
      )}
    </li>
  );
}

function History() {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<Past[]>("judging-policy", { organisation: null, history: true }));
  const known = useTold(read);
  return (
    <Block title="judging.history">
      <Told of={known}>
        {(rows) => rows.length === 0 ? <p className="text-quiet">{t("judging.history-none")}</p> : (
          <ol>
            {rows.map((row) => (
              <li key={`${row.setting} ${row.since} ${row.value}`} className="border-t border-line py-1.5 first:border-t-0">
                <div className="flex flex-wrap gap-x-3"><span className="font-medium">{t(`judging.setting-${row.setting}`)}</span><Value of={row.value} />{row.below_level && <Tone tone="warning">{t("judging.below")}</Tone>}<Colleague address={row.by} /></div>
                <div className="flex flex-wrap gap-x-3 text-quiet"><Moment at={row.since} /> – <Moment at={row.until} /><span dir="auto">{row.reason}</span></div>
              </li>
            ))}
          </ol>
        )}
      </Told>
    </Block>
  );
}
