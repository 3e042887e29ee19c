// One message in quarantine: what was found, what it says, what can be done with it.

import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { size } from "../../i18n/format";
import { useNotices } from "../../ui/notices";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { Author, Colleague, type Finding, Findings, usePercent } from "./evidence";
import { Preview } from "./preview";
import { DeleteAsk, type Quarantined, waitingFor } from "./quarantine-screen";

interface Shown extends Omit<Quarantined, "findings"> {
  findings: (Finding | string)[];
  alike?: Quarantined[];
  probability_spam?: number;
  probability_phish?: number;
  probability_fraud?: number;
}

const isFinding = (it: Finding | string): it is Finding => typeof it !== "string";

export default function QuarantinedScreen() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const language = useSaid();
  const read = useCallback(() => act<Shown>("quarantine-show", { id, address: null, language }), [id, language]);
  const known = useTold(read);
  return (
    <ScreenPage title={known.told?.subject || t("quarantine.one")} back={{ to: "/quarantine", name: t("quarantine.title") }}>
      <Told of={known}>{(shown) => <One of={shown} again={known.again} />}</Told>
    </ScreenPage>
  );
}

function One({ of, again }: { of: Shown; again: () => void }) {
  const { t, i18n } = useTranslation();
  const percent = usePercent();
  const row = of as unknown as Quarantined;
  const waiting = waitingFor(row);
  return (
    <>
      <Acts of={of} again={again} />
      <Block title="quarantine.why">
        <Findings of={of.findings.filter(isFinding)} none="quarantine.findings-gone" />
        <p className="mt-2 text-quiet">{t("quarantine.probability", { unwanted: percent(of.unwanted) })} <Link to={`/threats/mail/${of.id}`} className="text-accent underline">{t("quarantine.judge-again")}</Link></p>
      </Block>
      <Block title="quarantine.facts">
        <Facts>
          <Fact name="quarantine.from"><Author of={of.from} /></Fact>
          <Fact name="quarantine.subject">{of.subject || t("evidence.no-subject")}</Fact>
          <Fact name="quarantine.time"><Moment at={of.time} /></Fact>
          <Fact name="quarantine.expires"><Moment at={of.expires} /></Fact>
          <Fact name="quarantine.size">{size(of.bytes, i18n.language)}</Fact>
          <Fact name="quarantine.to">
            <ul>{of.to.map(({ address, state }) => <li key={address} className="flex flex-wrap gap-x-3"><Colleague address={address} /><Tone tone={state === "held" ? "warning" : "quiet"}>{t(`quarantine.state-${state}`)}</Tone></li>)}</ul>
          </Fact>
        </Facts>
      </Block>
      <Preview id={of.id} people={waiting} />
      {(of.alike ?? []).length > 0 && <Alike of={of.alike ?? []} />}
    </>
  );
}

/** What can be done with it; a release says why, and may teach. */
function Acts({ of, again }: { of: Shown; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const { say } = useNotices();
  if (!may("quarantine.change")) return <p className="text-quiet">{t("quarantine.read-only")}</p>;
  const row = of as unknown as Quarantined;
  const alike = of.alike ?? [];
  const away = (text: string) => {
    say(text);
    void navigate({ to: "/quarantine" });
  };
  return (
    <div className="flex flex-wrap gap-2 print-hidden">
      <FormButton<{ released?: number }>
        label="quarantine.release"
        look="first"
        action="quarantine-release"
        submit="quarantine.release"
        fixed={{ id: of.id, address: null }}
        fields={[
          { name: "reason", label: "quarantine.reason", hint: "quarantine.reason-hint", kind: "long" },
          { name: "teach", label: "quarantine.teach", hint: "quarantine.teach-hint", kind: "switch" },
        ]}
        done={({ released = 0 }) => away(t("quarantine.released", { count: released }))}
      />
      {alike.length > 0 && (
        <ActButton<{ released?: number }>
          action="quarantine-release-train"
          body={{ id: of.id }}
          label="quarantine.release-train"
          look="danger"
          ask={<><p>{t("quarantine.train-ask", { count: alike.length + 1 })}</p><ul className="my-2 max-h-48 list-disc overflow-y-auto ps-5">{[row, ...alike].map((it) => <li key={it.id} dir="auto">{it.subject || t("evidence.no-subject")} — {it.from}</li>)}</ul></>}
          done={({ released = 0 }) => away(t("quarantine.released", { count: released }))}
        />
      )}
      <ActButton action="judged-report" body={{ id: of.id, junk: true }} label="quarantine.report" said="quarantine.reported" ask={<p>{t("quarantine.report-ask")}</p>} done={again} />
      <ActButton action="quarantine-delete" body={{ id: of.id, address: null }} label="quarantine.delete" look="danger" ask={<DeleteAsk of={row} />} done={() => away(t("quarantine.deleted"))} />
    </div>
  );
}

function Alike({ of }: { of: Quarantined[] }) {
  const { t } = useTranslation();
  return (
    <Block title="quarantine.alike">
      <p className="mb-2 text-quiet">{t("quarantine.alike-about")}</p>
      <ul>
        {of.map((it) => (
          <li key={it.id} className="flex flex-wrap gap-x-3 border-t border-line py-1.5">
            <Link to={`/quarantine/${it.id}`} className="text-accent underline"><bdi>{it.subject || t("evidence.no-subject")}</bdi></Link>
            <bdi className="text-quiet">{it.from}</bdi>
            <Moment at={it.time} />
          </li>
        ))}
      </ul>
    </Block>
  );
}
