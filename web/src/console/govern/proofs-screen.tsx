// Evidence: what is checked, what that shows of standards and laws, and reports that are signed.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import { List, useFilters } from "../kit/list";
import { useMay } from "../kit/me";
import { Count, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import type { Asked } from "../kit/remote";
import { type Counts, FRAMEWORKS, loadProofs, type Row, STATES, TONES } from "./proofs";
import { MakeReport, Made, type Report } from "./proofs-report";

const FILTERS = [
  { name: "framework", label: "proofs.framework", usual: "checks", options: FRAMEWORKS.map((it): [string, string] => [it, `proofs.of-${it}`]) },
  { name: "state", label: "proofs.state", options: [["", "kit.any"], ...STATES.map((it): [string, string] => [it, `proofs.state-${it}`])] as [string, string][] },
];

export default function ProofsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const said = useSaid();
  const [looks, setLooks] = useState(0);
  const [counts, setCounts] = useState<Counts>();
  const [made, setMade] = useState<Report>();
  const [{ framework = "checks" }] = useFilters(FILTERS);
  const load = async (asked: Asked) => {
    const page = await loadProofs(asked, said);
    setCounts(page.counts);
    return page;
  };
  const acts = (
    <>
      <ActButton action="evidence-look" label="proofs.look" ask={<p>{t("proofs.look-ask")}</p>} said="proofs.looked-now" done={() => setLooks((before) => before + 1)} />
      {may("evidence.report") && <MakeReport framework={framework} done={setMade} />}
    </>
  );
  return (
    <ScreenPage title={t("proofs.title")} about={t("proofs.about")} acts={acts}>
      {made && <Made report={made} close={() => setMade(undefined)} />}
      {counts && <p role="status" className="flex flex-wrap gap-x-4">{STATES.map((state) => <Tone key={state} tone={TONES[state]}>{t(`proofs.state-${state}`)} <Count of={counts[state]} /></Tone>)}</p>}
      <List<Row>
        title="proofs.title"
        load={load}
        version={looks * 2 + (said === "zh" ? 1 : 0)}
        empty="proofs.none"
        rowKey={(row) => row.code}
        to={(row) => `/evidence/${framework}/${encodeURIComponent(row.code)}`}
        filters={FILTERS}
        columns={[
          { title: "proofs.item", cell: (row) => <span className="whitespace-nowrap">{row.code}</span>, text: (row) => row.code },
          { title: "proofs.what", cell: (row) => row.title, text: (row) => row.title },
          { title: "proofs.state", cell: (row) => <Tone tone={TONES[row.state]}>{t(`proofs.state-${row.state}`)}</Tone>, text: (row) => t(`proofs.state-${row.state}`) },
          { title: "proofs.why", cell: (row) => <Why of={row} />, text: (row) => [...row.why, row.person ?? ""].filter(Boolean).join(" ") },
          framework === "checks"
            ? { title: "proofs.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since ?? "" }
            : { title: "proofs.checks", cell: (row) => <Checks of={row} />, text: (row) => row.checks.map((it) => it.check).join(" ") },
        ]}
      />
    </ScreenPage>
  );
}

function Why({ of: { why, person } }: { of: Row }) {
  const { t } = useTranslation();
  if (why.length === 0 && person === null) return <span className="text-quiet">–</span>;
  return (
    <ul>
      {why.map((words) => <li key={words}>{words}</li>)}
      {person !== null && <li className="text-quiet">{t("proofs.person-brings", { what: person })}</li>}
    </ul>
  );
}

function Checks({ of: { checks } }: { of: Row }) {
  const { t } = useTranslation();
  if (checks.length === 0) return <span className="text-quiet">–</span>;
  return <ul>{checks.map(({ check, state }) => <li key={check}><Tone tone={TONES[state]}><span title={t(`proofs.state-${state}`)}>{check}</span></Tone></li>)}</ul>;
}
