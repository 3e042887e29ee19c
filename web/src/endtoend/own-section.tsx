// On the account page: what opens one's own key, and what one has said of the keys of others.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Section, useTold } from "../account/section";
import { useOwnStore } from "../store/context";
import { ownKey } from "./own-key";
import { Passkeys } from "./passkeys";
import { VerifiedKeys } from "./verified-keys";

/** Nothing for who has no key in the browser. */
export default function OwnSection() {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const [read] = useState(() => () => ownKey(client, accountId).then((key) => key ?? null));
  const { told: own, error, again } = useTold(read);
  if (error) return <Section title={t("end.passkeys")}><p role="alert" className="text-danger">{t("app.error", { reason: error.message })}</p></Section>;
  if (!own) return null;
  return (
    <>
      <Passkeys own={own} again={again} />
      <VerifiedKeys own={own} />
    </>
  );
}
