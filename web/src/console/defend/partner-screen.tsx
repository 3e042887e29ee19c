// One partner: who writes from there, its payment details with all that was changed, and how records are put right.

import { useNavigate, useParams } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { useNotices } from "../../ui/notices";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Count, Fact, Facts, Moment, ScreenPage } from "../kit/parts";
import { Author, Colleague, Known } from "./evidence";
import { type Account, Accounts, LedgerState } from "./ledger";
import type { PartnerRow } from "./partners";

interface Partner extends Omit<PartnerRow, "people" | "details"> {
  people: { address: string; name: string; messages: number }[];
  phones: string[];
  countries: string[];
  details: Account[];
  changes: { time: string; who?: string | null; value: string; state: string; note: string }[];
}

const STATES = ["confirmed", "learned", "retired", "disputed"];

export default function PartnerScreen() {
  const { t } = useTranslation();
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  const read = useCallback(() => act<Partner>("guard-partner-show", { name, organisation: null }), [name]);
  const known = useTold(read);
  return (
    <ScreenPage title={known.told?.partner ?? name} back={{ to: "/partners", name: t("partners.title") }} acts={known.told && <Acts of={known.told} />}>
      <Told of={known}>{(partner) => <Shown of={partner} again={known.again} />}</Told>
    </ScreenPage>
  );
}

function Acts({ of }: { of: Partner }) {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const { say } = useNotices();
  if (!may("guard.change")) return null;
  return (
    <>
      <FormButton
        label="partners.merge"
        action="guard-partner-merge"
        fixed={{ name: of.partner, organisation: null }}
        fields={[{ name: "into", label: "partners.merge-into", hint: "partners.merge-hint" }]}
        submit="partners.merge"
        done={() => {
          say(t("partners.merged"));
          void navigate({ to: "/partners" });
        }}
      />
      <ActButton
        action="guard-partner-forget"
        body={{ name: of.partner, organisation: null }}
        label="partners.forget"
        look="danger"
        ask={<p>{t("partners.forget-ask", { name: of.partner, people: of.people.length, details: of.details.length })}</p>}
        said="partners.forgotten"
        done={() => void navigate({ to: "/partners" })}
      />
    </>
  );
}

function Shown({ of, again }: { of: Partner; again: () => void }) {
  const { t, i18n } = useTranslation();
  const country = new Intl.DisplayNames(i18n.language, { type: "region", fallback: "code" });
  return (
    <>
      <Block title="partners.facts">
        <Facts>
          <Fact name="partners.domains"><ul>{of.domains.map((domain) => <li key={domain}><Known what={domain} /></li>)}</ul></Fact>
          <Fact name="partners.since"><Moment at={of.first} /></Fact>
          <Fact name="partners.last"><Moment at={of.last} /></Fact>
          <Fact name="partners.received"><Count of={of.received} /></Fact>
          <Fact name="partners.sent"><Count of={of.sent} /></Fact>
          <Fact name="partners.phones">{of.phones.length === 0 ? "–" : <bdi dir="ltr">{of.phones.join(", ")}</bdi>}</Fact>
          <Fact name="partners.countries">{of.countries.length === 0 ? "–" : of.countries.map((code) => (/^[A-Z]{2}$/.test(code) ? country.of(code) : code)).join(", ")}</Fact>
        </Facts>
      </Block>
      <Ledger of={of} again={again} />
      <Block title="partners.people">
        {of.people.length === 0 && <p className="text-quiet">{t("partners.people-none")}</p>}
        <ul>{of.people.map((person) => <li key={person.address} className="flex flex-wrap gap-x-3 border-t border-line py-1.5 first:border-t-0"><bdi>{person.name}</bdi><Author of={person.address} /><span className="text-quiet">{t("ledger.messages", { count: person.messages })}</span></li>)}</ul>
      </Block>
    </>
  );
}

/** Payment details on file, and every change of what is thought of them. */
function Ledger({ of, again }: { of: Partner; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const change = may("guard.change") && of.details.length > 0 && (
    <FormButton
      label="ledger.change"
      action="guard-ledger-set"
      fixed={{ partner: of.partner, organisation: null }}
      fields={[
        { name: "value", label: "ledger.which", kind: "choice", options: of.details.map(({ value }): [string, string] => [value, value]) },
        { name: "state", label: "ledger.state", hint: "ledger.state-hint", kind: "choice", options: STATES.map((state): [string, string] => [state, `pay.state.${state}`]) },
        { name: "note", label: "ledger.note", hint: "ledger.note-hint", kind: "long" },
      ]}
      submit="ledger.change"
      done={again}
    />
  );
  return (
    <Block title="ledger.title" beside={change}>
      <Accounts of={of.details} none="ledger.none" />
      {of.changes.length > 0 && (
        <>
          <h3 className="mt-3 font-medium">{t("ledger.changes")}</h3>
          <ol>
            {of.changes.toReversed().map((it) => (
              <li key={`${it.time} ${it.value}`} className="border-t border-line py-1.5 first:border-t-0">
                <div className="flex flex-wrap gap-x-3"><Moment at={it.time} /><code dir="ltr">{it.value}</code><LedgerState state={it.state} />{it.who ? <Colleague address={it.who} /> : <span className="text-quiet">{t("cases.operator")}</span>}</div>
                <div dir="auto">{it.note}</div>
              </li>
            ))}
          </ol>
        </>
      )}
    </Block>
  );
}
