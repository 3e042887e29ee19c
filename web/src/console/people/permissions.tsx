// Who may do what with an account, and where its mail is passed on to.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Line, Told, useTold } from "../../account/section";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Moment, Tone } from "../kit/parts";

interface Permission {
  delegate: string;
  permission: string;
  mailbox: string | null;
  since: string;
  until: string | null;
  holds: boolean;
}

interface Forward {
  address: string;
  target: string;
  copy: boolean;
  set_by: string;
  since: string;
  expires: string | null;
}

const KINDS: [string, string][] = ["read", "write", "send-as", "send-on-behalf"].map((kind) => [kind, `people.permit-${kind}`]);

export function Permissions({ address, isShared }: { address: string; isShared: boolean }) {
  const { t } = useTranslation();
  const may = useMay();
  const [readPermissions] = useState(() => () => act<Permission[]>("delegation-list", { address }));
  const permissions = useTold(readPermissions);
  const [readForwards] = useState(() => () => act<Forward[]>("forward-list", { address }));
  const forwards = useTold(readForwards);
  const mayPermit = isShared && may("shared.change");
  const beside = mayPermit && (
    <FormButton label="people.permit" action="shared-permit" fixed={{ account: address, mailbox: null }} submit="people.permit" done={permissions.again} fields={[
      { name: "delegate", label: "people.permit-whom", kind: "address" },
      { name: "permission", label: "people.permit-what", kind: "choice", options: KINDS },
      { name: "days", label: "people.permit-days", hint: "people.permit-days-hint", kind: "number", min: 1, isOptional: true },
    ]} />
  );
  return (
    <>
      <Block title="people.permissions" beside={beside}>
        <Told of={permissions}>
          {(all) => all.length === 0 ? <p className="text-quiet">{t(isShared ? "people.permit-none-shared" : "people.permit-none")}</p> : (
            <ul>
              {all.map((it) => (
                <Line key={`${it.delegate} ${it.permission} ${it.mailbox ?? ""}`} name={it.delegate} facts={<><span>{t(`people.permit-${it.permission}`)}</span>{it.mailbox && <span>{it.mailbox}</span>}{it.until && <span>{t("people.until")} <Moment at={it.until} /></span>}{!it.holds && <Tone tone="quiet">{t("people.over")}</Tone>}</>}>
                  {mayPermit && <ActButton action="shared-forbid" body={{ account: address, delegate: it.delegate, permission: it.permission }} label="people.take-away" name={it.delegate} done={permissions.again} />}
                </Line>
              ))}
            </ul>
          )}
        </Told>
      </Block>
      <Block title="people.forwards">
        <Told of={forwards}>
          {(all) => all.length === 0 ? <p className="text-quiet">{t("people.forward-none")}</p> : (
            <ul>
              {all.map((it) => <Line key={it.target} name={it.target} facts={<><span>{t(it.copy ? "people.forward-copy" : "people.forward-no-copy")}</span><span>{t("people.forward-by", { who: it.set_by })}</span><span><Moment at={it.since} /></span></>} />)}
            </ul>
          )}
        </Told>
      </Block>
    </>
  );
}
