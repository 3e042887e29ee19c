// What the company's rules say of a message before it is sent (docs/outbound.md): a warning, a reason that is asked for, a second person, or a block.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Id, OUTBOUND, type OutboundCheck } from "../jmap/types";
import type { MailStore } from "../store/store";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { addressesIn } from "./recipient-protection";

/** Letters of a reason, so that a dot is none. */
const REASON_MIN = 4;

/** What rules say of a saved draft; nothing if the server has none. */
export async function checkOutbound(store: MailStore, emailId: Id, fields: string[], language: string): Promise<OutboundCheck | undefined> {
  if (!(OUTBOUND in store.client.session.capabilities)) return undefined;
  const rcptTo = addressesIn(fields);
  if (rcptTo.length === 0) return undefined;
  const told = await store.client.call("OutboundCheck/get", { accountId: store.accountId, emailId, rcptTo, language: language.startsWith("zh") ? "zh" : "en" });
  return told.rules.length > 0 ? told : undefined;
}

/** Whether its author has to do something before it goes; `agreed` is that he has seen who must allow it. */
export function stops(told: OutboundCheck, agreed: boolean): boolean {
  return told.refusal !== null || (told.approvals.length > 0 && !agreed);
}

/** Whether there is something to show. */
export function tells(told: OutboundCheck): boolean {
  return stops(told, false) || told.demands.length > 0;
}

interface Props {
  told: OutboundCheck;
  isSending: boolean;
  /** Sends it, with what its author says. */
  go: (override: string | undefined) => void;
  /** Goes on in the form of the portal. */
  toPortal: () => void;
}

export function OutboundPanel({ told, isSending, go, toPortal }: Props) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const kind = told.decision !== "go" ? told.decision : told.approvals.length > 0 ? "approve" : "protect";
  const isBlocked = kind === "block";
  const people = [...new Set(told.approvals.flatMap((it) => it.people))];
  const button = people.length > 0 ? t("outbound.send-for-approval") : kind === "justify" ? t("outbound.send-reason") : t("outbound.send-anyway");
  const letters = [...reason.trim()].reduce((sum, letter) => sum + (/\p{Ideographic}/u.test(letter) ? 2 : 1), 0);
  const isReady = kind !== "justify" || letters >= REASON_MIN;
  return (
    <section aria-label={t("outbound.title")} data-decision={kind} className="border-t border-line px-4 py-2" aria-live="polite">
      <p role="alert" className={`flex items-start gap-2 font-semibold ${isBlocked ? "text-danger" : "text-warning"}`}>
        <Icon name="junk" />
        <span>{t(`outbound.${kind}`)}</span>
      </p>
      <ul className="my-1">
        {told.rules.map((rule) => (
          <li key={rule.name}>
            <bdi className="font-medium">{rule.name}</bdi>
            {t("protect.colon")} {rule.found.map((found) => found.text).join(t("outbound.and"))}
          </li>
        ))}
      </ul>
      {people.length > 0 && <p>{t("outbound.needs-approval", { people: people.join(t("outbound.and")) })}</p>}
      {told.approvals.some((it) => it.people.length === 0) && <p className="text-danger">{t("outbound.nobody-approves")}</p>}
      {kind === "justify" && (
        <label className="my-1 flex items-center gap-2">
          <span className="text-quiet">{t("outbound.reason")}</span>
          <input dir="auto" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} className="min-h-8 min-w-0 flex-1 rounded-md border border-strong-line bg-paper px-2" />
        </label>
      )}
      {told.demands.length > 0 && !isBlocked && <Button isDisabled={isSending} onPress={toPortal}>{t("protect.offer-portal")}</Button>}
      {(kind === "warn" || kind === "justify" || kind === "approve") && (
        <Button isDisabled={isSending || !isReady} onPress={() => go(kind === "justify" ? reason.trim() : kind === "warn" ? "confirmed" : undefined)}>{button}</Button>
      )}
    </section>
  );
}
