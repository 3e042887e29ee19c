// What somebody has said of a key, and the way to say it.

import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { grouped, longDate } from "../i18n/format";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { type Said, trustOf } from "./said";
import { type Heard, startAnew, Unbelieved } from "./statements";

const Comparison = lazy(() => import("./comparison"));

/** Somebody's key, by address (canonical) and fingerprint. */
export interface Side {
  address: string;
  fingerprint: string;
}

const LOOKS = { verified: "text-ok", changed: "font-semibold text-danger", never: "text-quiet" };

/** Whether the key was verified; leads to comparing it. A key that took the place of a verified one is warned of. */
export function Trust({ theirs, said }: { theirs: Side; said: Said }) {
  const { t, i18n } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const { address } = theirs;
  const trust = trustOf(said, address, theirs.fingerprint);
  const date = longDate(said.verified.find((it) => it.address === address)?.at ?? "", i18n.language);
  return (
    <p role={trust === "changed" ? "alert" : undefined} data-trust={trust} className={`flex flex-wrap items-center gap-2 ${LOOKS[trust]}`}>
      {t(`end.trust-${trust}`, { address, date })}
      <Button look={trust === "changed" ? "danger" : "plain"} aria-label={t("end.compare-with", { address })} onPress={() => setOpen(true)}>{t("end.compare")}</Button>
      <Dialog title={t("end.compare-with", { address })} isOpen={isOpen} close={() => setOpen(false)}>
        <Suspense fallback={<span className="text-quiet">{t("app.loading")}</span>}>
          <Comparison theirs={theirs} said={said} close={() => setOpen(false)} />
        </Suspense>
      </Dialog>
    </p>
  );
}

/** What was said counts for nothing, and why; or it was not read. */
export function StatementsTrouble({ of }: { of: Heard }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const { fail } = useNotices();
  const { trouble } = of;
  if (!trouble) return null;
  const isUnbelieved = trouble instanceof Unbelieved;
  return (
    <div role="alert" className="my-1 flex flex-wrap items-center gap-2 rounded-md bg-warning-ground px-3 py-1.5 text-warning">
      <p>{isUnbelieved ? `${t(`end.said-${trouble.reason}`)} ${t("end.said-nothing")}` : t("app.error", { reason: trouble.message })}</p>
      {isUnbelieved ? (
        <Button onPress={() => void startAnew(client, accountId).catch(fail)}>{t("end.said-anew")}</Button>
      ) : (
        <Button onPress={of.again}>{t("app.again")}</Button>
      )}
    </div>
  );
}

/** To be compared by telephone or in person. */
export function Fingerprint({ of }: { of: string }) {
  const { t } = useTranslation();
  return (
    <details className="text-quiet">
      <summary className="w-fit">{t("end.fingerprint")}</summary>
      <code dir="ltr" className="break-words">{grouped(of)}</code>
    </details>
  );
}
