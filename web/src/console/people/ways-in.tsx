// The ways into an account: second factors, sessions, passwords of devices, programs.

import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { act, type AppPassword, type Factor, type Program, type WebSession } from "../../account/api";
import { agentName } from "../../account/agent";
import { Line, Told, useTold } from "../../account/section";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { ActButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Moment, Tone } from "../kit/parts";

interface Asked {
  show?: string[];
  enrol?: string[];
  mail_clients_until?: string;
}

interface Known {
  factors: Factor[];
  recovery_codes: number;
  asked: "nothing" | Asked;
}

export function Factors({ address }: { address: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const [read] = useState(() => () => act<Known>("factor-list", { address }));
  const known = useTold(read);
  const [codes, setCodes] = useState<string[]>();
  const beside = may("factor.reset") && <ActButton<{ recovery_codes: string[] }> action="factor-recovery-codes" body={{ address }} label="people.codes-new" ask={t("people.codes-new-ask", { address })} done={(made) => setCodes(made.recovery_codes)} />;
  return (
    <Block title="people.factors" beside={beside}>
      <Dialog title={t("people.codes")} isOpen={codes !== undefined} close={() => setCodes(undefined)}>
        <p>{t("people.codes-once", { address })}</p>
        <ul className="my-3 grid grid-cols-2 gap-1 rounded-md border border-line bg-ground p-3">{codes?.map((code) => <li key={code}><code dir="ltr">{code}</code></li>)}</ul>
        <div className="flex justify-end"><Button look="first" onPress={() => setCodes(undefined)}>{t("people.told-kept")}</Button></div>
      </Dialog>
      <Told of={known}>
        {({ factors, recovery_codes, asked }) => (
          <>
            {asked !== "nothing" && asked.enrol && <p><Tone tone="danger">{t("people.factor-lacks", { kinds: asked.enrol.map((kind) => t(`people.factor-${kind}`)).join(t("people.or")) })}</Tone></p>}
            {factors.length === 0 && <p className="text-quiet">{t("people.factor-none")}</p>}
            <ul>
              {factors.map((factor) => (
                <Line key={factor.id} name={factor.label || t(`people.factor-${factor.kind}`)} facts={<><span>{t(`people.factor-${factor.kind}`)}</span>{factor.hint && <span>{factor.hint}</span>}<span>{t("people.added")} <Moment at={factor.since} /></span><span>{t("people.last")} <Moment at={factor.used} /></span></>}>
                  {may("factor.reset") && <ActButton action="factor-remove" body={{ address, id: factor.id }} label="people.take-away" name={factor.label} look="danger" ask={t("people.factor-remove-ask", { what: factor.label, address })} done={known.again} />}
                </Line>
              ))}
            </ul>
            <p className="text-quiet">{t("people.codes-left", { count: recovery_codes })}</p>
          </>
        )}
      </Told>
    </Block>
  );
}

/** A list of things that somebody is let in with, each with what takes it away. */
function Ways<T extends { id: string }>({ title, none, address, list, line, end }: { title: string; none: string; address: string; list: string; line: (one: T) => { name: ReactNode; facts: ReactNode }; end: { right: string; action: string; label: string } }) {
  const { t } = useTranslation();
  const may = useMay();
  const [read] = useState(() => () => act<T[]>(list, { address }));
  const known = useTold(read);
  return (
    <Block title={title}>
      <Told of={known}>
        {(all) => all.length === 0 ? <p className="text-quiet">{t(none)}</p> : (
          <ul>
            {all.map((one) => {
              const { name, facts } = line(one);
              return <Line key={one.id} name={name} facts={facts}>{may(end.right) && <ActButton action={end.action} body={{ address, id: one.id }} label={end.label} done={known.again} />}</Line>;
            })}
          </ul>
        )}
      </Told>
    </Block>
  );
}

export function Sessions({ address }: { address: string }) {
  const { t } = useTranslation();
  return <Ways<WebSession> title="people.sessions" none="people.session-none" address={address} list="session-list" end={{ right: "session.end", action: "session-end", label: "people.session-end" }} line={(it) => ({ name: it.agent ? agentName(it.agent) : t("people.unknown"), facts: <><span>{it.from}</span><span>{t("people.since")} <Moment at={it.since} /></span><span>{t("people.last")} <Moment at={it.seen} /></span></> })} />;
}

export function Devices({ address }: { address: string }) {
  const { t } = useTranslation();
  return <Ways<AppPassword> title="people.devices" none="people.device-none" address={address} list="app-password-list" end={{ right: "client.revoke", action: "app-password-revoke", label: "people.take-away" }} line={(it) => ({ name: it.label, facts: <><span>{it.scope}</span><span>{t("people.added")} <Moment at={it.since} /></span><span>{t("people.last")} <Moment at={it.used} /></span>{it.from && <span>{it.from}</span>}</> })} />;
}

export function Programs({ address }: { address: string }) {
  const { t } = useTranslation();
  return <Ways<Program> title="people.programs" none="people.program-none" address={address} list="program-list" end={{ right: "client.revoke", action: "program-revoke", label: "people.take-away" }} line={(it) => ({ name: it.client, facts: <><span>{it.scope}</span><span>{t("people.added")} <Moment at={it.since} /></span><span>{t("people.last")} <Moment at={it.used} /></span></> })} />;
}
