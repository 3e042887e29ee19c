// What people ask about their data, what must be answered first above.

import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { Day } from "./shared";
import { KINDS, LAWS, loadSubjects, STATES, type Subject, URGENCY_TONES, urgency } from "./subject";
import { SubjectTabs } from "./subject-tabs";

const words = (all: string[], family: string) => all.map((it): [string, string] => [it, `${family}-${it}`]);

export const KIND_OPTIONS = words(KINDS, "subject.kind");
export const LAW_OPTIONS = words(LAWS, "subject.law");
export const STATE_TONES = { open: "warning", done: "ok", refused: "quiet", withdrawn: "quiet" } as const;

export default function SubjectsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const acts = may("subject.change") && <Link to={"/subjects/new" as string} className="inline-flex min-h-8 items-center rounded-md border border-accent bg-accent px-3 text-on-accent">{t("subject.open")}</Link>;
  return (
    <ScreenPage title={t("subject.title")} about={t("subject.about")} acts={acts}>
      <SubjectTabs />
      <List<Subject>
        title="subject.title"
        load={loadSubjects}
        empty="subject.none"
        rowKey={(row) => row.id}
        to={(row) => `/subjects/of/${row.id}`}
        filters={[
          { name: "search", label: "kit.search" },
          { name: "state", label: "subject.state", usual: "open", options: [["", "kit.any"], ...words(STATES, "subject.state")] },
          { name: "kind", label: "subject.kind", options: [["", "kit.any"], ...KIND_OPTIONS] },
        ]}
        columns={[
          { title: "subject.name", cell: (row) => <bdi>{row.name}</bdi>, text: (row) => row.name },
          { title: "subject.due", cell: (row) => <Due of={row} />, text: (row) => row.due },
          { title: "subject.kind", cell: (row) => t(`subject.kind-${row.kind}`), text: (row) => row.kind },
          { title: "subject.law", cell: (row) => t(`subject.law-${row.law}`), text: (row) => row.law },
          { title: "subject.who", cell: (row) => t(row.ours ? "subject.ours" : "subject.outside"), text: (row) => (row.ours ? "ours" : "outside") },
          { title: "subject.received", cell: (row) => <Moment at={row.received} />, text: (row) => row.received },
          { title: "subject.state", cell: (row) => <Tone tone={STATE_TONES[row.state]}>{t(`subject.state-${row.state}`)}</Tone>, text: (row) => row.state },
        ]}
      />
    </ScreenPage>
  );
}

/** Until when somebody must be answered; red once that is over. */
export function Due({ of }: { of: Subject }) {
  const { t } = useTranslation();
  const how = urgency(of);
  if (how === "closed") return <span className="text-quiet"><Day at={of.due} /></span>;
  return (
    <Tone tone={URGENCY_TONES[how]}>
      <Day at={of.due} /> {t(`subject.due-${how}`)}
      {of.extended && <span className="block font-normal text-quiet">{t("subject.is-extended")}</span>}
    </Tone>
  );
}
