// Recent sign-ins: on a map, and one by one.

import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { longDate } from "../i18n/format";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { act, type SignInEvent, wentWell } from "./api";
import { Line, Section, Told, useDeed, useTold } from "./section";

const WorldMap = lazy(() => import("./world-map"));

const DAYS = 30;
/** Sign-ins that are listed; mail programs make very many. */
const SHOWN_MAX = 40;

export function SignIns({ address }: { address: string }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<SignInEvent[]>("sign-in-list", { address, organisation: null, days: DAYS, odd: false }));
  const known = useTold(read);
  const deed = useDeed();
  const [foreign, setForeign] = useState<SignInEvent>();
  const answer = (event: SignInEvent, mine: boolean) => deed(() => act("sign-in-answer", { address, id: event.id, mine }), known.again);
  return (
    <Section title={t("account.sign-ins")}>
      <p className="mb-2 text-quiet">{t("account.sign-ins-days", { count: DAYS })}</p>
      <Told of={known}>
        {(events) => (
          <>
            <Suspense><WorldMap events={events} /></Suspense>
            <ul>
              {events.slice(0, SHOWN_MAX).map((event) => (
                <Event key={event.id} event={event}>
                  {isOpen(event) && (
                    <span className="flex gap-2">
                      <Button onPress={() => answer(event, true)}>{t("account.was-me")}</Button>
                      <Button look="danger" onPress={() => setForeign(event)}>{t("account.was-not-me")}</Button>
                    </span>
                  )}
                </Event>
              ))}
            </ul>
            {events.length > SHOWN_MAX && <p className="border-t border-line pt-2 text-quiet">{t("account.sign-ins-more", { count: events.length - SHOWN_MAX })}</p>}
          </>
        )}
      </Told>
      <Dialog title={t("account.was-not-me")} isOpen={foreign !== undefined} close={() => setForeign(undefined)}>
        <p className="mb-4">{t("account.freeze-text")}</p>
        <div className="flex justify-end gap-2">
          <Button onPress={() => setForeign(undefined)}>{t("act.cancel")}</Button>
          <Button look="danger" onPress={() => { if (foreign) answer(foreign, false); setForeign(undefined); }}>{t("account.freeze")}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

/** Whether its owner is asked whose it was: it was found odd, and nothing was said of it. */
function isOpen({ answer, said }: SignInEvent): boolean {
  return said === "" && answer !== null && answer !== "pass";
}

function Event({ event, children }: { event: SignInEvent; children: React.ReactNode }) {
  const { t, i18n } = useTranslation();
  const place = event.country ? (new Intl.DisplayNames(i18n.language, { type: "region" }).of(event.country) ?? event.country) : t("account.unknown-place");
  const isGood = wentWell(event);
  return (
    <Line
      name={<time dateTime={event.time}>{longDate(event.time, i18n.language)}</time>}
      facts={<><span className={isGood ? "" : "text-danger"}>{t(isGood ? "account.signed-in" : "account.refused")}</span><span>{place}</span><span dir="ltr">{event.from}</span><span dir="ltr">{event.by}</span></>}
    >
      {children}
    </Line>
  );
}
