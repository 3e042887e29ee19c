// What keeps the mail: whether it fits together, whether anything is damaged, room given back.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, ScreenPage, Tone } from "../kit/parts";

interface Checked {
  sound?: boolean;
  findings?: unknown[];
  [more: string]: unknown;
}

export default function StoreScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [told, setTold] = useState<{ what: string; result: Checked }>();
  const note = (what: string) => (result: Checked) => setTold({ what, result });
  return (
    <ScreenPage title={t("storage.title")} about={t("storage.about")}>
      <Block title="storage.acts">
        <div className="flex flex-wrap gap-2">
          <ActButton<Checked> action="store-check" body={{ deep: false }} label="storage.check" done={note("storage.check")} />
          <ActButton<Checked> action="store-check" body={{ deep: true }} label="storage.check-deep" ask={t("storage.check-deep-ask")} done={note("storage.check-deep")} />
          {may("store.collect") && <ActButton<Checked> action="store-scrub" label="storage.scrub" ask={t("storage.scrub-ask")} done={note("storage.scrub")} />}
          {may("store.collect") && <ActButton<Checked> action="store-collect" label="storage.collect" done={note("storage.collect")} />}
        </div>
      </Block>
      {told && (
        <Block title={told.what}>
          <div role="status">
            {(told.result.findings ?? []).length === 0 ? <Tone tone="ok">{t("storage.good")}</Tone> : <Tone tone="danger">{t("storage.bad", { count: told.result.findings?.length ?? 0 })}</Tone>}
            <Results of={told.result} />
          </div>
        </Block>
      )}
    </ScreenPage>
  );
}

/** What an action counted and found, as it says it. */
function Results({ of }: { of: Checked }) {
  return (
    <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-4">
      {Object.entries(of).map(([name, value]) => (
        <div key={name} className="contents"><dt className="text-quiet">{name.replaceAll("_", " ")}</dt><dd dir="auto" className="break-words">{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd></div>
      ))}
    </dl>
  );
}
