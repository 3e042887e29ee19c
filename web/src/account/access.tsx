// Where the account is signed in: browsers, app passwords, programs.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { agentName } from "./agent";
import { act, type AppPassword, type Program, type WebSession, whoIsSignedIn } from "./api";
import { Line, Section, Told, useDeed, useTold, When } from "./section";

export function Sessions({ address }: { address: string }) {
  const { t } = useTranslation();
  const [read] = useState(() => async () => {
    const [all, own] = await Promise.all([act<WebSession[]>("session-list", { address }), whoIsSignedIn()]);
    return { all, own: own.session };
  });
  const sessions = useTold(read);
  const deed = useDeed();
  const end = async (ids: string[]) => {
    for (const id of ids) await act("session-end", { address, id });
  };
  const others = (sessions.told?.all ?? []).filter(({ id }) => id !== sessions.told?.own).map(({ id }) => id);
  return (
    <Section title={t("account.sessions")} beside={others.length > 0 && <Button onPress={() => deed(() => end(others), sessions.again)}>{t("account.end-others")}</Button>}>
      <Told of={sessions}>
        {({ all, own }) => (
          <ul>
            {all.map((it) => (
              <Line
                key={it.id}
                name={it.agent ? <span title={it.agent}>{agentName(it.agent)}</span> : t("account.unknown-browser")}
                facts={<>{it.from && <span dir="ltr">{it.from}</span>}<span>{t("account.since")} <When at={it.since} /></span><span>{t("account.last-used")} <When at={it.seen} /></span></>}
              >
                {it.id === own ? <span className="text-ok">{t("account.this-browser")}</span> : <Button look="danger" onPress={() => deed(() => end([it.id]), sessions.again)}>{t("account.end")}</Button>}
              </Line>
            ))}
          </ul>
        )}
      </Told>
    </Section>
  );
}

export function AppPasswords({ address }: { address: string }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<AppPassword[]>("app-password-list", { address }));
  const known = useTold(read);
  const deed = useDeed();
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<string>();
  const add = (label: string, protocols: string[]) =>
    deed(() => act<{ app_password: string }>("app-password-add", { address, label, protocols }), (added) => {
      setAdding(false);
      setMade(added.app_password);
      known.again();
    });
  return (
    <Section title={t("account.app-passwords")} beside={<Button onPress={() => setAdding(true)}>{t("account.app-password-add")}</Button>}>
      <p className="mb-2 text-quiet">{t("account.app-passwords-why")}</p>
      <Told of={known}>
        {(all) => (
          <ul>
            {all.map((it) => (
              <Line
                key={it.id}
                name={it.label}
                facts={<><span>{it.scope}</span><span>{t("account.since")} <When at={it.since} /></span><span>{t("account.last-used")} <When at={it.used} /></span>{it.from && <span dir="ltr">{it.from}</span>}</>}
              >
                <Button look="danger" aria-label={t("account.revoke-one", { name: it.label })} onPress={() => deed(() => act("app-password-revoke", { address, id: it.id }), known.again)}>{t("account.revoke")}</Button>
              </Line>
            ))}
          </ul>
        )}
      </Told>
      <Dialog title={t("account.app-password-add")} isOpen={adding} close={() => setAdding(false)}><NewAppPassword add={add} /></Dialog>
      <Dialog title={t("account.app-password-made")} isOpen={made !== undefined} close={() => setMade(undefined)}>
        <p className="mb-2">{t("account.app-password-once")}</p>
        <p className="rounded-md bg-ground p-3 text-center text-[15px]"><code dir="ltr">{made}</code></p>
        <div className="mt-3 flex justify-end gap-2">
          <Button onPress={() => void navigator.clipboard.writeText(made ?? "")}>{t("account.copy")}</Button>
          <Button look="first" onPress={() => setMade(undefined)}>{t("app.close")}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function NewAppPassword({ add }: { add: (label: string, protocols: string[]) => void }) {
  const { t } = useTranslation();
  const [label, setLabel] = useState("");
  const [protocols, setProtocols] = useState(["imap", "smtp"]);
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        add(label.trim(), protocols);
      }}
    >
      <label className="flex flex-wrap items-center justify-between gap-2">
        <span className="text-quiet">{t("account.device")}</span>
        <input dir="auto" required maxLength={60} value={label} onChange={(event) => setLabel(event.target.value)} className="min-h-8 w-60 max-w-full rounded-md border border-strong-line bg-paper px-2" />
      </label>
      {["imap", "smtp"].map((it) => (
        <label key={it} className="flex items-center gap-2">
          <input
            type="checkbox"
            className="accent-accent"
            checked={protocols.includes(it)}
            onChange={(event) => setProtocols((before) => (event.target.checked ? [...before, it] : before.filter((other) => other !== it)))}
          />
          {t(`account.protocol-${it}`)}
        </label>
      ))}
      <div className="flex justify-end"><Button look="first" type="submit" isDisabled={protocols.length === 0}>{t("account.app-password-add")}</Button></div>
    </form>
  );
}

export function Programs({ address }: { address: string }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<Program[]>("program-list", { address }));
  const known = useTold(read);
  const deed = useDeed();
  return (
    <Section title={t("account.programs")}>
      <Told of={known}>
        {(all) =>
          all.length === 0 ? (
            <p className="text-quiet">{t("account.no-programs")}</p>
          ) : (
            <ul>
              {all.map((it) => (
                <Line key={it.id} name={it.client} facts={<><span>{it.scope}</span><span>{t("account.since")} <When at={it.since} /></span><span>{t("account.last-used")} <When at={it.used} /></span></>}>
                  <Button look="danger" onPress={() => deed(() => act("program-revoke", { address, id: it.id }), known.again)}>{t("account.disconnect")}</Button>
                </Line>
              ))}
            </ul>
          )
        }
      </Told>
    </Section>
  );
}
