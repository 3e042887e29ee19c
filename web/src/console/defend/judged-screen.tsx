// Why a message was judged as it was, and what it would be by today's rules.

import { Link, useParams } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { useNotices } from "../../ui/notices";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { Author, Done, type Finding, Findings, Known, usePercent } from "./evidence";

interface Judged {
  id: string;
  time: string;
  from: string;
  author?: string | null;
  subject?: string | null;
  client: string | null;
  /** What was done in the end. */
  done: string;
  judged_by: string;
  same_judge: boolean;
  same_verdict: boolean | null;
  /** What the verdict asks for. */
  action: string;
  probability_unwanted: number;
  probability_phish: number;
  probability_fraud?: number;
  findings: Finding[];
  thresholds?: Record<string, number>;
}

export default function JudgedScreen() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const language = useSaid();
  const read = useCallback(() => act<Judged>("judged-show", { id, address: null, again: false, language }), [id, language]);
  const known = useTold(read);
  return (
    <ScreenPage title={known.told?.subject || t("judged.title")} about={t("judged.about")} back={{ to: "/threats", name: t("threats.title") }}>
      <Told of={known}>{(judged) => <Shown of={judged} />}</Told>
    </ScreenPage>
  );
}

function Shown({ of }: { of: Judged }) {
  const { t } = useTranslation();
  return (
    <>
      <Acts of={of} />
      <Block title="judged.facts">
        <Facts>
          <Fact name="judged.done"><Done what={of.done} /></Fact>
          <Fact name="threats.from"><Author of={of.author || of.from} /></Fact>
          {of.author && of.from !== of.author && <Fact name="judged.envelope"><Author of={of.from} /></Fact>}
          <Fact name="threats.subject">{of.subject || t("evidence.no-subject")}</Fact>
          <Fact name="threats.time"><Moment at={of.time} /></Fact>
          <Fact name="judged.client">{of.client ? <Known what={of.client} /> : "–"}</Fact>
          <Fact name="judged.number"><code dir="ltr">{of.id}</code></Fact>
        </Facts>
      </Block>
      <Block title="judged.found">
        <Sums of={of} />
        <Findings of={of.findings} />
      </Block>
      <Replay of={of} />
    </>
  );
}

/** How likely it was unwanted, and from where on what is done. */
function Sums({ of }: { of: Judged }) {
  const { t } = useTranslation();
  const percent = usePercent();
  const { thresholds = {} } = of;
  const steps = ["warn", "junk", "quarantine", "refuse"].filter((step) => (thresholds[step] ?? 2) <= 1);
  return (
    <p className="mb-2">
      {t("judged.sum", { unwanted: percent(of.probability_unwanted) })}
      {(of.probability_fraud ?? 0) >= 0.01 && <> {t("judged.fraud", { fraud: percent(of.probability_fraud ?? 0) })}</>}
      {steps.length > 0 && <span className="text-quiet"> {t("judged.steps")} {steps.map((step) => t(`judged.step-${step}`, { from: percent(thresholds[step] ?? 0) })).join(", ")}{t("judged.stop")}</span>}
    </p>
  );
}

/** The same facts judged anew, when somebody asks. */
function Replay({ of }: { of: Judged }) {
  const { t } = useTranslation();
  const language = useSaid();
  const [isWanted, setWanted] = useState(false);
  const read = useCallback(() => (isWanted ? act<Judged>("judged-show", { id: of.id, address: null, again: true, language }) : Promise.resolve(undefined)), [isWanted, of.id, language]);
  const known = useTold(read);
  return (
    <Block title="judged.replay">
      <p className="mb-2 text-quiet">{t("judged.replay-about")}</p>
      {isWanted ? <Told of={known}>{(now) => (now ? <Compared before={of} now={now} /> : null)}</Told> : <button type="button" className="min-h-8 rounded-md border border-line bg-paper px-3 py-1 hover:bg-hover" onClick={() => setWanted(true)}>{t("judged.replay-now")}</button>}
    </Block>
  );
}

function Compared({ before, now }: { before: Judged; now: Judged }) {
  const { t } = useTranslation();
  const percent = usePercent();
  if (now.same_verdict === null) return <Tone tone="warning">{t("judged.no-facts")}</Tone>;
  const had = new Set(before.findings.map(({ id }) => id));
  const has = new Set(now.findings.map(({ id }) => id));
  const fresh = now.findings.filter(({ id }) => !had.has(id));
  const gone = before.findings.filter(({ id }) => !has.has(id));
  return (
    <div className="flex flex-col gap-3" role="status">
      <p>{now.same_verdict ? <Tone tone="ok">{t("judged.same")}</Tone> : <Tone tone="warning">{t("judged.other")}</Tone>}</p>
      <Facts>
        <Fact name="judged.then"><Done what={before.action} /> {percent(before.probability_unwanted)}</Fact>
        <Fact name="judged.now"><Done what={now.action} /> {percent(now.probability_unwanted)}</Fact>
        <Fact name="judged.rules">{t(now.same_judge ? "judged.rules-same" : "judged.rules-newer")}</Fact>
      </Facts>
      {fresh.length > 0 && <div><h3 className="font-medium">{t("judged.fresh")}</h3><Findings of={fresh} /></div>}
      {gone.length > 0 && <div><h3 className="font-medium">{t("judged.gone")}</h3><Findings of={gone} /></div>}
    </div>
  );
}

function Acts({ of }: { of: Judged }) {
  const { t } = useTranslation();
  const may = useMay();
  const { say } = useNotices();
  const alike = <Link to={`/threats/campaigns/${of.id}`} className="inline-flex min-h-8 items-center rounded-md border border-line bg-paper px-3 py-1 hover:bg-hover">{t("judged.alike")}</Link>;
  if (!may("quarantine.change")) return <div>{alike}</div>;
  return (
    <div className="flex flex-wrap gap-2 print-hidden">
      <ActButton action="judged-report" body={{ id: of.id, junk: true }} label="judged.report-junk" ask={<p>{t("campaigns.report-ask")}</p>} said="judged.noted" />
      <ActButton action="judged-report" body={{ id: of.id, junk: false }} label="judged.report-honest" ask={<p>{t("judged.honest-ask")}</p>} said="judged.noted" />
      <FormButton
        label="judged.complain"
        action="complaint-send"
        submit="judged.complain"
        fixed={{ id: of.id }}
        fields={[{ name: "to", label: "judged.complain-to", hint: "judged.complain-hint", kind: "address" }]}
        done={() => say(t("judged.complained"))}
      />
      {alike}
    </div>
  );
}
