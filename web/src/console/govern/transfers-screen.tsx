// The register of transfers: what crossed into another region, on which basis, and what was not let cross.

import { useRouterState } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { NotShown, useWithFactor } from "../../account/step-up";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { List } from "../kit/list";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { type Page, pages, saveFile } from "../kit/remote";
import { jsonFile, Person, useCountry } from "./shared";

interface Transfer {
  at: string;
  kind: string;
  from: string;
  to: string;
  country: string;
  classification: string;
  crossed: boolean;
  rule: string;
  encryption: string;
  basis: string;
  by: string;
  what: string;
}

/** Rows of a page of a file, and of a file. */
const FILE_PAGE = 500;
const FILE_ROWS_MAX = 100_000;

const asked = ({ since, until, kind, crossed }: Record<string, string>) => ({ since: since ?? null, until: until ?? null, kind: kind ?? null, crossed: crossed ? crossed === "yes" : null });
const load = pages<Transfer>("transfer-page", asked);

export default function TransfersScreen() {
  const { t } = useTranslation();
  const country = useCountry();
  return (
    <ScreenPage title={t("transfers.title")} about={t("transfers.about")} back={{ to: "/regions", name: t("regions.title") }} acts={<AsJson />}>
      <List<Transfer>
        title="transfers.title"
        load={load}
        empty="transfers.none"
        rowKey={(row) => `${row.at} ${row.to} ${row.what} ${row.crossed} ${row.by}`}
        filters={[
          { name: "since", label: "transfers.since", kind: "date" },
          { name: "until", label: "transfers.until", kind: "date" },
          { name: "kind", label: "crossing.kind", options: [["", "kit.any"], ...["delivery", "export", "backup", "view"].map((kind): [string, string] => [kind, `crossing.kind-${kind}`])] },
          { name: "crossed", label: "transfers.crossed", options: [["", "kit.any"], ["yes", "transfers.did"], ["no", "transfers.did-not"]] },
        ]}
        columns={[
          { title: "transfers.at", cell: (row) => <Moment at={row.at} />, text: (row) => row.at },
          { title: "crossing.kind", cell: (row) => t(`crossing.kind-${row.kind}`), text: (row) => row.kind },
          { title: "transfers.crossed", cell: (row) => <Tone tone={row.crossed ? "ok" : "warning"}>{t(row.crossed ? "transfers.did" : "transfers.did-not")}</Tone>, text: (row) => String(row.crossed) },
          { title: "transfers.where", cell: (row) => <><bdi>{row.from}</bdi> → <bdi>{row.to}</bdi>{row.country && <span className="text-quiet"> ({country(row.country)})</span>}</>, text: (row) => `${row.from} > ${row.to} (${row.country})` },
          { title: "transfers.what", cell: (row) => <bdi>{row.what}</bdi>, text: (row) => row.what },
          { title: "crossing.class", cell: (row) => t(`crossing.class-${row.classification}`), text: (row) => row.classification },
          { title: "transfers.rule", cell: (row) => row.rule || "–", text: (row) => row.rule },
          { title: "transfers.basis", cell: (row) => row.basis, text: (row) => row.basis },
          { title: "transfers.by", cell: (row) => (row.by ? <Person address={row.by} /> : t("transfers.server")), text: (row) => row.by },
        ]}
      />
    </ScreenPage>
  );
}

/** What the filters of the page let through, as a file for another program. */
function AsJson() {
  const { t } = useTranslation();
  const { fail } = useNotices();
  const withFactor = useWithFactor();
  const search = useRouterState({ select: (state) => state.location.search }) as unknown as Record<string, string>;
  const save = async () => {
    const rows: Transfer[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<Transfer> = await withFactor(() => act<Page<Transfer>>("transfer-page", { ...asked(search), cursor, limit: FILE_PAGE }));
      rows.push(...page.items);
      cursor = page.next;
    } while (cursor !== null && rows.length < FILE_ROWS_MAX);
    saveFile("transfers.json", "application/json", jsonFile(rows));
  };
  return <Button onPress={() => void save().catch((error: unknown) => !(error instanceof NotShown) && fail(error))}>{t("transfers.json")}</Button>;
}
