// Everything that is like one message, and what can be done with all of it at once.

import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNotices } from "../../ui/notices";
import { ActButton } from "../kit/form";
import { useMay } from "../kit/me";
import { ScreenPage, useSaid } from "../kit/parts";
import { DONE } from "./evidence";
import { alikeTo } from "./threats";
import { ThreatsTable } from "./threats-table";

const FILTERS = [{ name: "done", label: "threats.done", options: [["", "kit.any"], ...DONE.map((it): [string, string] => [it, `evidence.done-${it}`])] as [string, string][] }];

export default function CampaignScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const { say } = useNotices();
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const language = useSaid();
  const [version, setVersion] = useState(0);
  const load = useMemo(() => alikeTo(id, language), [id, language]);
  const again = () => setVersion((before) => before + 1);
  const acts = may("quarantine.change") && (
    <>
      <ActButton action="judged-report" body={{ id, junk: true }} label="campaigns.report" look="danger" ask={<p>{t("campaigns.report-ask")}</p>} said="campaigns.reported" done={again} />
      <ActButton<{ released?: number }> action="quarantine-release-train" body={{ id }} label="quarantine.release-train" ask={<p>{t("campaigns.release-ask")}</p>} done={({ released = 0 }) => { say(t("quarantine.released", { count: released })); again(); }} />
    </>
  );
  return (
    <ScreenPage title={t("campaigns.one")} about={t("campaigns.one-about")} back={{ to: "/threats/campaigns", name: t("campaigns.title") }} acts={acts}>
      <ThreatsTable key={language} title="campaigns.alike" load={load} filters={FILTERS} empty="campaigns.alike-none" version={version} />
    </ScreenPage>
  );
}
