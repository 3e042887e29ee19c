// The companies that people here write with, as the trade guard knows them.

import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { ActButton, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Block, Count, Moment, ScreenPage, Tone } from "../kit/parts";
import { Tabs } from "../kit/tabs";
import { Colleague } from "./evidence";
import { type PartnerRow, partners } from "./partners";

export const TABS: [string, string][] = [["/partners", "partners.title"], ["/partners/alikes", "alikes.title"]];

export default function PartnersScreen() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <ScreenPage title={t("partners.title")} about={t("partners.about")}>
      <Tabs label="partners.title" tabs={TABS} />
      <List<PartnerRow>
        title="partners.title"
        load={partners}
        empty="partners.none"
        rowKey={(row) => row.partner}
        to={(row) => `/partners/of/${encodeURIComponent(row.partner)}`}
        filters={[{ name: "search", label: "kit.search" }]}
        columns={[
          { title: "partners.name", cell: (row) => <bdi>{row.partner}</bdi>, text: (row) => row.partner },
          { title: "partners.domains", cell: (row) => (row.merged_into === null ? <bdi>{row.domains.join(", ")}</bdi> : <span className="text-quiet">{t("partners.merged-into", { name: row.merged_into })}</span>), text: (row) => row.domains.join(" ") },
          { title: "partners.people", cell: (row) => <Count of={row.people} />, text: (row) => String(row.people), isNumber: true },
          { title: "partners.received", cell: (row) => <Count of={row.received} />, text: (row) => String(row.received), isNumber: true },
          { title: "partners.sent", cell: (row) => <Count of={row.sent} />, text: (row) => String(row.sent), isNumber: true },
          { title: "partners.details", cell: (row) => <Count of={row.details} />, text: (row) => String(row.details), isNumber: true },
          { title: "partners.since", cell: (row) => <Moment at={row.first} />, text: (row) => row.first },
          { title: "partners.last", cell: (row) => <Moment at={row.last} />, text: (row) => row.last },
        ]}
        {...(may("guard.change") ? { acts: (row: PartnerRow, again: () => void) => row.merged_into !== null && <ActButton action="guard-partner-split" body={{ name: row.partner, organisation: null }} label="partners.split" name={row.partner} ask={<p>{t("partners.split-ask", { name: row.partner, into: row.merged_into })}</p>} done={again} /> } : {})}
      />
      <Learning />
    </ScreenPage>
  );
}

interface Learned {
  address: string | null;
  learned: number;
  passed: number;
  done: boolean;
}

/** How far the guard has read the mail that lay in mailboxes before it was here. */
function Learning() {
  const { t } = useTranslation();
  const may = useMay();
  const [read] = useState(() => () => act<Learned[]>("guard-learning", { organisation: null }));
  const known = useTold(read);
  const again = useCallback(() => known.again(), [known]);
  const begin = may("guard.change") && (
    <>
      <FormButton
        label="partners.learn-one"
        action="guard-learn"
        fixed={{ organisation: null }}
        fields={[{ name: "address", label: "partners.learn-address", hint: "partners.learn-hint", kind: "address" }]}
        submit="partners.learn-one"
        done={again}
      />
      <ActButton action="guard-learn" body={{ address: null, organisation: null }} label="partners.learn-all" ask={<p>{t("partners.learn-ask")}</p>} said="partners.learn-begun" done={again} />
    </>
  );
  return (
    <Block title="partners.learning" beside={begin}>
      <Told of={known}>
        {(all) => all.length === 0 ? <p className="text-quiet">{t("partners.learning-none")}</p> : (
          <ul>
            {all.map((one) => (
              <li key={one.address} className="flex flex-wrap gap-x-4 border-t border-line py-1.5 first:border-t-0">
                <Colleague address={one.address} />
                <span className="text-quiet">{t("partners.learned", { count: one.learned })}</span>
                <Tone tone={one.done ? "ok" : "warning"}>{t(one.done ? "partners.learning-done" : "partners.learning-runs")}</Tone>
              </li>
            ))}
          </ul>
        )}
      </Told>
    </Block>
  );
}
