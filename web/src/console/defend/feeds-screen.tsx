// Lists of bad addresses by others: whether they are fresh and whole; and what is confirmed here, for others.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { useDeed } from "../../account/section";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { useNotices } from "../../ui/notices";
import { ActButton, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Block, Count, Moment, ScreenPage, Tone } from "../kit/parts";
import { saveFile, whole } from "../kit/remote";

interface Feed {
  name: string;
  /** From elsewhere; else a file of the machine. */
  fetched?: boolean;
  entries: number;
  refused: number;
  unknown: number;
  taken: string | null;
  /** Entries of a version that waits. */
  waiting: number | null;
  fault: string | null;
}

const load = whole<Feed>("feeds-list");

export default function FeedsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const again = () => setVersion((before) => before + 1);
  const acts = may("list.change") && <ActButton action="feeds-refresh" body={{ name: null }} label="feeds.refresh" said="feeds.refreshed" done={again} />;
  return (
    <ScreenPage title={t("feeds.title")} about={t("feeds.about")} acts={acts}>
      <List<Feed>
        title="feeds.title"
        load={load}
        version={version}
        empty="feeds.none"
        rowKey={(row) => row.name}
        columns={[
          { title: "feeds.name", cell: (row) => <bdi className="font-medium">{row.name}</bdi>, text: (row) => row.name },
          { title: "feeds.state", cell: (row) => <State of={row} />, text: (row) => row.fault ?? "" },
          { title: "feeds.entries", cell: (row) => <Count of={row.entries} />, text: (row) => String(row.entries), isNumber: true },
          { title: "feeds.refused", cell: (row) => <Count of={row.refused + row.unknown} />, text: (row) => String(row.refused + row.unknown), isNumber: true },
          { title: "feeds.taken", cell: (row) => (row.fetched === false ? <span className="text-quiet">{t("feeds.by-hand")}</span> : <Moment at={row.taken} />), text: (row) => row.taken ?? "" },
        ]}
        {...(may("list.change") ? { acts: (row: Feed, redo: () => void) => (
          <>
            {row.waiting !== null && <ActButton action="feeds-accept" body={{ name: row.name }} label="feeds.accept" name={row.name} ask={<p>{t("feeds.accept-ask", { before: row.entries, entries: row.waiting })}</p>} done={redo} />}
            {row.fetched !== false && <ActButton action="feeds-refresh" body={{ name: row.name }} label="feeds.refresh-one" name={row.name} said="feeds.refreshed" done={redo} />}
          </>
        ) } : {})}
      />
      <Sharing />
    </ScreenPage>
  );
}

function State({ of }: { of: Feed }) {
  const { t } = useTranslation();
  if (of.waiting !== null) return <Tone tone="warning">{t("feeds.waits")}</Tone>;
  if (of.fault === null) return <Tone tone="ok">{t("feeds.well")}</Tone>;
  if (of.taken === null && of.entries === 0 && of.fetched !== false) return <><Tone tone="danger">{t("feeds.never")}</Tone><div dir="ltr" className="max-w-80 text-quiet">{of.fault}</div></>;
  return <><Tone tone="danger">{t("feeds.fails")}</Tone><div dir="ltr" className="max-w-80 text-quiet">{of.fault}</div></>;
}

interface Links {
  stix: string;
  misp: string;
  until: string;
}

/** What enough people here have reported, for others: as a file, or under a link. */
function Sharing() {
  const { t } = useTranslation();
  const may = useMay();
  const deed = useDeed();
  const { say, fail } = useNotices();
  const [links, setLinks] = useState<Links>();
  const save = (format: "stix" | "misp") => deed(() => act<object>("feeds-share", { format, days: 30, organisation: null }), (document) => saveFile(`tradewind-${format}.json`, "application/json", JSON.stringify(document, undefined, 2)));
  const whereOf = (path: string) => `${location.origin}${path}`;
  return (
    <Block title="feeds.sharing">
      <p className="mb-2 text-quiet">{t("feeds.sharing-about")}</p>
      <div className="flex flex-wrap gap-2 print-hidden">
        <Button onPress={() => save("stix")}>{t("feeds.save-stix")}</Button>
        <Button onPress={() => save("misp")}>{t("feeds.save-misp")}</Button>
        {may("quarantine.change") && (
          <FormButton<Links> label="feeds.link" action="feeds-share-link" fixed={{ organisation: null }} fields={[{ name: "days", label: "feeds.link-days", hint: "feeds.link-hint", kind: "number", min: 1, max: 366 }]} initial={{ days: "90" }} submit="feeds.link" done={setLinks} />
        )}
      </div>
      <Dialog title={t("feeds.link")} isOpen={links !== undefined} close={() => setLinks(undefined)}>
        <p className="mb-2">{t("feeds.link-until")} <Moment at={links?.until} /></p>
        {(["stix", "misp"] as const).map((form) => (
          <div key={form} className="mb-2 flex flex-wrap items-center gap-2">
            <code dir="ltr" className="min-w-0 flex-1 rounded-md border border-line bg-ground p-2 select-all">{whereOf(links?.[form] ?? "")}</code>
            <Button onPress={() => void navigator.clipboard.writeText(whereOf(links?.[form] ?? "")).then(() => say(t("cases.copied")), fail)}>{t("cases.copy")}</Button>
          </div>
        ))}
      </Dialog>
    </Block>
  );
}
