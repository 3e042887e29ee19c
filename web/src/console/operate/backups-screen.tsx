// Backups: whether they are well, what the level asks for and is missing, which there are, rehearsals.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Line, Told, useTold } from "../../account/section";
import { size } from "../../i18n/format";
import { ActButton } from "../kit/form";
import { useMay, useMe } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";

interface Repository {
  repository: string;
  state: "none" | "good" | "failing" | "late";
  last_good: string | null;
  next: string | null;
  bytes: number | null;
  added_bytes: number | null;
  under_way: { since: string; total_bytes: number; read_bytes: number } | null;
  failing_since: string | null;
  failure: string | null;
  repository_bytes: number | null;
  unreachable: string | null;
  may_not_cross: string | null;
}

interface Status {
  level: string;
  keep_days: number;
  missing: string[];
  repositories: Repository[];
}

interface Taken {
  repository: string;
  failure?: string;
  backups?: { id: string; taken: string; bytes: number; added_bytes: number }[];
}

export default function BackupsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const { alone } = useMe();
  const [read] = useState(() => () => act<Status>("backup-status", {}));
  const known = useTold(read);
  if (!alone) return <ScreenPage title={t("backups.title")}><p>{t("backups.not-alone")}</p></ScreenPage>;
  const acts = (
    <>
      {may("store.collect") && <ActButton action="backup-run" label="backups.run" look="first" done={known.again} said="backups.ran" />}
      <ActButton action="backup-rehearse" label="backups.rehearse" ask={t("backups.rehearse-ask")} said="backups.rehearsed" />
    </>
  );
  return (
    <ScreenPage title={t("backups.title")} about={t("backups.about")} acts={acts}>
      <Told of={known}>
        {(status) => (
          <>
            <Wanted status={status} />
            {status.repositories.length === 0 && <p className="rounded-lg border border-line bg-paper p-4"><Tone tone="danger">{t("backups.none")}</Tone></p>}
            {status.repositories.map((it) => <One key={it.repository} of={it} />)}
          </>
        )}
      </Told>
      <Listed />
      <Erased />
    </ScreenPage>
  );
}

function Wanted({ status }: { status: Status }) {
  const { t } = useTranslation();
  return (
    <Block title="backups.wanted">
      {status.missing.length === 0 ? <p><Tone tone="ok">{t("backups.nothing-missing", { level: t(`console.level-${status.level}`) })}</Tone></p> : (
        <ul>{status.missing.map((it) => <li key={it}><Tone tone="danger">{t(`backups.missing-${it}`)}</Tone></li>)}</ul>
      )}
      <p className="text-quiet">{t("backups.kept", { days: status.keep_days })}</p>
    </Block>
  );
}

function One({ of }: { of: Repository }) {
  const { t, i18n } = useTranslation();
  const tone = of.state === "good" ? "ok" : "danger";
  return (
    <section aria-label={of.repository} className="rounded-lg border border-line bg-paper p-4">
      <h2 className="mb-2 text-[15px] font-semibold"><code dir="ltr">{of.repository}</code></h2>
      <Facts>
        <Fact name="backups.state"><Tone tone={tone}>{t(`backups.state-${of.state}`)}</Tone></Fact>
        <Fact name="backups.last"><Moment at={of.last_good} /></Fact>
        <Fact name="backups.next"><Moment at={of.next} /></Fact>
        {of.under_way && <Fact name="backups.under-way">{t("backups.progress", { read: size(of.under_way.read_bytes, i18n.language), total: size(of.under_way.total_bytes, i18n.language) })}</Fact>}
        {of.bytes !== null && <Fact name="backups.size">{size(of.bytes, i18n.language)}</Fact>}
        {of.added_bytes !== null && <Fact name="backups.added">{size(of.added_bytes, i18n.language)}</Fact>}
        {of.repository_bytes !== null && <Fact name="backups.takes">{size(of.repository_bytes, i18n.language)}</Fact>}
        {of.failing_since && <Fact name="backups.failing-since"><Moment at={of.failing_since} /></Fact>}
        {of.failure && <Fact name="backups.why"><span className="text-danger">{of.failure}</span></Fact>}
        {of.unreachable && <Fact name="backups.unreachable"><span className="text-danger">{of.unreachable}</span></Fact>}
        {of.may_not_cross && <Fact name="backups.may-not-cross"><span className="text-danger">{of.may_not_cross}</span></Fact>}
      </Facts>
    </section>
  );
}

/** The backups that there are: asked for when somebody wants them, as repositories elsewhere take their time. */
function Listed() {
  const { t, i18n } = useTranslation();
  const [listed, setListed] = useState<Taken[]>();
  const [checked, setChecked] = useState<{ sound: boolean }>();
  const beside = (
    <>
      <ActButton<{ repositories: Taken[] }> action="backup-list" label="backups.list" done={({ repositories }) => setListed(repositories)} />
      <ActButton<{ sound: boolean }> action="backup-check" body={{ read_data: false }} label="backups.check" done={setChecked} />
    </>
  );
  return (
    <Block title="backups.there" beside={beside}>
      {checked && <p role="status"><Tone tone={checked.sound ? "ok" : "danger"}>{t(checked.sound ? "backups.sound" : "backups.unsound")}</Tone></p>}
      {listed?.map(({ repository, failure, backups = [] }) => (
        <div key={repository}>
          <h3 className="font-medium"><code dir="ltr">{repository}</code></h3>
          {failure && <p className="text-danger">{failure}</p>}
          <ul className="max-h-72 overflow-y-auto">{backups.map((backup) => <Line key={backup.id} name={<Moment at={backup.taken} />} facts={<><span>{size(backup.bytes, i18n.language)}</span><span>{t("backups.added")} {size(backup.added_bytes, i18n.language)}</span><code dir="ltr">{backup.id.slice(0, 12)}</code></>} />)}</ul>
        </div>
      ))}
      {!listed && <p className="text-quiet">{t("backups.list-hint")}</p>}
    </Block>
  );
}

interface Erasure {
  account: string;
  erased: string;
  reached: Record<string, string>;
  waiting: string[];
}

function Erased() {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<{ erasures: Erasure[] }>("backup-erasures", {}));
  const known = useTold(read);
  return (
    <Block title="backups.erasures">
      <Told of={known}>
        {({ erasures }) => erasures.length === 0 ? <p className="text-quiet">{t("backups.erasure-none")}</p> : (
          <ul>{erasures.map((it) => <Line key={it.account} name={t("backups.erasure", { account: it.account })} facts={<><span><Moment at={it.erased} /></span>{it.waiting.length === 0 ? <Tone tone="ok">{t("backups.erasure-everywhere")}</Tone> : <Tone tone="warning">{t("backups.erasure-waits", { places: it.waiting.join(", ") })}</Tone>}</>} />)}</ul>
        )}
      </Told>
    </Block>
  );
}
