// One account: who it is, what it is signed in with, what was permitted to whom, and all that can be done to it.

import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told as Waits, useTold } from "../../account/section";
import { size } from "../../i18n/format";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Count, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";
import type { Person } from "./find";
import { LeaveButton } from "./leave";
import { Permissions } from "./permissions";
import { ROLES } from "./roles";
import { Service } from "./service";
import { Told } from "./told";
import { Devices, Factors, Programs, Sessions } from "./ways-in";

interface Account extends Person {
  kind: "person" | "shared" | "service";
  language: string;
  since: string;
  roles?: string[];
  /** Of a program: from where it may be used, and what it is for. */
  networks?: string[];
  purpose?: string;
}

export default function PersonScreen() {
  const { t } = useTranslation();
  const { address = "" } = useParams({ strict: false }) as { address?: string };
  return <OnePerson key={address} address={address} back={{ to: "/people", name: t("people.title") }} />;
}

function OnePerson({ address, back }: { address: string; back: { to: string; name: string } }) {
  const may = useMay();
  const [read] = useState(() => () => act<Account>("user-show", { address }));
  const known = useTold(read);
  const isPerson = known.told?.kind === "person";
  return (
    <ScreenPage title={address} back={back}>
      <Waits of={known}>
        {(account) => (
          <>
            <About account={account} again={known.again} />
            {account.kind === "service" && <Service address={address} networks={account.networks ?? []} purpose={account.purpose ?? ""} again={known.again} />}
            {may("factor.read") && isPerson && <Factors address={address} />}
            {may("session.read") && isPerson && <Sessions address={address} />}
            {may("client.read") && account.kind !== "shared" && <Devices address={address} />}
            {may("client.read") && isPerson && <Programs address={address} />}
            {may("delegation.read") && <Permissions address={address} isShared={account.kind === "shared"} />}
            <Danger account={account} again={known.again} />
          </>
        )}
      </Waits>
    </ScreenPage>
  );
}

function About({ account, again }: { account: Account; again: () => void }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const { address } = account;
  return (
    <Block
      title="people.about"
      beside={
        <>
          {may("account.change") && (
            <FormButton label="people.quota-change" action="user-quota" fixed={{ address }} submit="kit.keep" done={again} initial={{ mib: String(Math.round(account.quota_bytes / 1_048_576)) }} fields={[{ name: "mib", label: "people.quota", hint: "people.quota-hint", kind: "number", min: 0 }]} />
          )}
          {may("alias.change") && <FormButton label="people.alias-add" action="alias-add" fixed={{ address }} submit="people.alias-add" done={again} fields={[{ name: "alias", label: "people.alias", hint: "people.alias-hint", kind: "address" }]} />}
          {may("role.give") && account.kind === "person" && (
            <FormButton label="people.role-change" action="user-role" fixed={{ address }} submit="kit.keep" done={again} initial={{ role: account.role }} fields={[{ name: "role", label: "people.role", kind: "choice", options: ROLES }, { name: "exception", label: "people.role-exception", hint: "people.role-exception-hint", isOptional: true }]} />
          )}
        </>
      }
    >
      <Facts>
        <Fact name="people.name">{account.name}</Fact>
        <Fact name="people.kind">{t(`people.kind-${account.kind}`)}</Fact>
        <Fact name="people.state"><Tone tone={account.state === "active" ? "ok" : "warning"}>{t(`people.state-${account.state}`)}</Tone></Fact>
        {account.kind === "person" && <Fact name="people.role">{t(`people.role-${account.role}`)}</Fact>}
        {account.roles && account.roles.length > 1 && <Fact name="people.roles">{account.roles.join(", ")}</Fact>}
        <Fact name="people.language">{t(`people.language-${account.language}`)}</Fact>
        <Fact name="people.used">{account.quota_bytes === 0 ? size(account.bytes, i18n.language) : t("people.used-of", { used: size(account.bytes, i18n.language), room: size(account.quota_bytes, i18n.language) })}</Fact>
        <Fact name="people.messages"><Count of={account.messages} /></Fact>
        <Fact name="people.since"><Moment at={account.since} /></Fact>
        <Fact name="people.aliases">
          {account.aliases.length === 0 ? <span className="text-quiet">{t("kit.none")}</span> : (
            <ul>
              {account.aliases.map((alias) => (
                <li key={alias} className="flex flex-wrap items-center gap-2">
                  {alias}
                  {may("alias.change") && <ActButton action="alias-remove" body={{ alias }} label="people.alias-remove" name={alias} ask={t("people.alias-remove-ask", { alias })} done={again} />}
                </li>
              ))}
            </ul>
          )}
        </Fact>
      </Facts>
    </Block>
  );
}

/** What changes who can use the account at all. */
function Danger({ account, again }: { account: Account; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const [made, setMade] = useState<{ address: string; password?: string }>();
  const { address, state } = account;
  const isPerson = account.kind === "person";
  return (
    <Block title="people.danger">
      <Told made={made} close={() => setMade(undefined)} />
      <div className="flex flex-wrap gap-2">
        {may("password.reset") && isPerson && state !== "frozen" && (
          <ActButton<{ address: string; password?: string }> action="user-password" body={{ address, password: null }} label="people.password-new" ask={t("people.password-new-ask", { address })} done={setMade} />
        )}
        {may("session.end") && isPerson && <ActButton action="session-end" body={{ address, id: null }} label="people.sign-out-all" ask={t("people.sign-out-all-ask", { address })} done={again} said="people.done" />}
        {may("account.state") && state !== "frozen" && (
          <ActButton action="user-state" body={{ address, enabled: state !== "active" }} label={state === "active" ? "people.disable" : "people.enable"} ask={t(state === "active" ? "people.disable-ask" : "people.enable-ask", { address })} done={again} />
        )}
        {may("account.thaw") && state === "frozen" && (
          <FormButton<{ address: string; password?: string }>
            label="people.thaw"
            action="user-unfreeze"
            fixed={{ address }}
            submit="people.thaw"
            fields={[{ name: "keep_password", label: "people.thaw-keep", hint: "people.thaw-keep-hint", kind: "switch" }]}
            done={(told) => {
              setMade(told);
              again();
            }}
          />
        )}
        {may("account.retire") && isPerson && <LeaveButton address={address} done={again} />}
        {may("account.delete") && <ActButton action="user-delete" body={{ address }} label="people.delete" look="danger" ask={t("people.delete-ask", { address, count: account.messages })} done={again} />}
      </div>
    </Block>
  );
}
