import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import type { Deeds, Grant } from "./grant";
import { Person } from "./shared";

/** What can be done with a grant. */
export function GrantDeeds({ of, deeds, done }: { of: Grant; deeds: Deeds; done: () => void }) {
  const { t } = useTranslation();
  const body = { grant: of.grant };
  const name = of.mail_of ?? "";
  return (
    <>
      {deeds.decide && (
        <>
          <ActButton label="grants.approve" name={name} action="grant-approve" body={body} said="grants.approved" done={done} ask={<Asked of={of}>{t("grants.approve-ask", { hours: of.hours })}</Asked>} />
          <ActButton label="grants.refuse" name={name} look="danger" action="grant-refuse" body={body} said="grants.refused" done={done} ask={<Asked of={of}>{t("grants.refuse-ask")}</Asked>} />
        </>
      )}
      {deeds.end && <ActButton label="grants.end" name={name} look="danger" action="grant-revoke" body={body} said="grants.ended" done={done} ask={<Asked of={of}>{t("grants.end-ask")}</Asked>} />}
      {deeds.lift && <ActButton label="grants.lift" name={name} action="grant-lift-hold" body={body} said="grants.lifted" done={done} ask={<Asked of={of}>{t("grants.lift-ask")}</Asked>} />}
    </>
  );
}

function Asked({ of, children }: { of: Grant; children: string }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-2">
      <p>{t("grants.mail-of")}{t("protect.colon")} <Person address={of.mail_of} /></p>
      <p>{t("grants.asked-by")}{t("protect.colon")} <Person address={of.asked_by} /></p>
      <p dir="auto">{t("grants.reason")}{t("protect.colon")} {of.reason}</p>
      <p className="font-semibold">{children}</p>
    </div>
  );
}
