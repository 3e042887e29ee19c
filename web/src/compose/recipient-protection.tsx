// What protects a message to each recipient, shown before it is sent (docs/jmap.md, RecipientProtection).

import type { TFunction } from "i18next";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useUnlocked } from "../endtoend/engine";
import { shortDate } from "../i18n/format";
import { PROTECTION, type RecipientProtection } from "../jmap/types";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { Icon, type IconName } from "../ui/icon";
import { parseAddresses } from "./addresses";

const PartnerTrust = lazy(() => import("../endtoend/partner-trust"));

/** Recipients are asked about when nobody has typed for so long. */
const ASK_AFTER_MS = 500;

/** Recipients of whom it is told one by one. */
const SHOWN_MAX = 20;

/** The addresses in some fields, as far as they can be read, each once. */
export function addressesIn(fields: string[]): string[] {
  const found = fields.flatMap((field) => {
    try {
      return parseAddresses(field).map(({ email }) => email);
    } catch {
      return [];
    }
  });
  return [...new Set(found)];
}

/** What the server says of these recipients of a message from `from`; nothing as long as it is not known. */
function useProtection(fields: string[], from: string): RecipientProtection[] | undefined {
  const { client, accountId } = useStore();
  const isOffered = PROTECTION in client.session.capabilities;
  const wanted = addressesIn(fields).join("\n");
  const [found, setFound] = useState<{ wanted: string; list: RecipientProtection[] }>();
  useEffect(() => {
    if (!isOffered || wanted === "") return undefined;
    let ended = false;
    const timer = setTimeout(() => {
      client.call("RecipientProtection/get", { accountId, ids: wanted.split("\n"), from }).then(
        ({ list }) => ended || setFound({ wanted, list }),
        // Without an answer nothing is promised.
        () => ended || setFound(undefined),
      );
    }, ASK_AFTER_MS);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [client, accountId, isOffered, wanted, from]);
  return found && found.wanted === wanted ? found.list : undefined;
}

const WARNS = new Set(["none", "kept-back"]);

const MARKS: Record<RecipientProtection["protection"], IconName> = {
  here: "inbox", "end-to-end": "lock", smime: "lock", "smime-gm": "lock", openpgp: "lock", portal: "lock",
  "verified-tls": "lock", "opportunistic-tls": "unlocked", none: "junk", "kept-back": "junk",
};

/** What protects it, in words: what it is, who sees to it, whence that is known. */
export function protectionWords(told: RecipientProtection, t: TFunction, language: string): string {
  const { protection, connection, hindrance } = told;
  if (protection === "kept-back") return t(`protect.because-${hindrance ?? "not-protected"}`);
  const words = [t(`protect.${protection}`)];
  if (protection === "verified-tls" && connection?.voucher) words.push(t(`protect.by-${connection.voucher}`));
  const isOfConnection = protection === "verified-tls" || protection === "opportunistic-tls" || protection === "none";
  if (isOfConnection && connection) {
    if (connection.basis === "last-delivery" && connection.lastAt) {
      const key = connection.voucher ? "known-last" : connection.lastTls ? "known-last-tls" : "known-last-clear";
      words.push(t(`protect.${key}`, { date: shortDate(connection.lastAt, new Date(), language), tls: connection.lastTls ?? "" }));
    } else if (connection.basis === "unknown") words.push(t("protect.known-not"));
    if (connection.basis === "rule" && connection.lastVerified === false) words.push(t("protect.may-wait"));
  }
  if (told.isSigned) words.push(t("protect.signed"));
  return words.join(" ");
}

interface Props {
  fields: string[];
  from: string;
  /** Goes on in the form that protects more. */
  choose: (form: "portal" | "end") => void;
  /** Told whether all recipients are to get it end to end, unless somebody wants otherwise. */
  byDefault: (isEndToEnd: boolean) => void;
}

export function RecipientsProtection({ fields, from, choose, byDefault }: Props) {
  const { t, i18n } = useTranslation();
  const unlocked = useUnlocked();
  const told = useProtection(fields, from);
  const isEndToEnd = told !== undefined && told.length > 0 && told.every((it) => it.isEndToEndByDefault);
  useEffect(() => byDefault(isEndToEnd), [byDefault, isEndToEnd]);
  if (!told || told.length === 0) return null;
  const kept = told.filter(({ protection }) => protection === "kept-back");
  const offers = (["end-to-end", "portal"] as const).filter((offer) => kept.length > 0 && kept.every((it) => it.offers.includes(offer)));
  const first = [...kept, ...told.filter((it) => !kept.includes(it))].slice(0, SHOWN_MAX);
  return (
    <section aria-label={t("protect.title")} className="max-h-32 overflow-y-auto border-t border-line px-4 py-1.5" aria-live="polite">
      <ul>
        {first.map((it) => (
          <li key={it.id} data-protection={it.protection} className={`flex items-start gap-2 ${WARNS.has(it.protection) ? "text-warning" : "text-quiet"}`}>
            <Icon name={MARKS[it.protection]} />
            <div className="min-w-0">
              <bdi className="font-medium">{it.id}</bdi>{t("protect.colon")} {protectionWords(it, t, i18n.language)}
              {unlocked && it.protection === "openpgp" && <Suspense><PartnerTrust address={it.id} /></Suspense>}
            </div>
          </li>
        ))}
      </ul>
      {told.length > SHOWN_MAX && <p className="text-quiet">{t("protect.more", { count: told.length - SHOWN_MAX })}</p>}
      {kept.length > 0 && (
        <p role="alert" className="flex flex-wrap items-center gap-2 text-warning">
          {t(kept.every(({ waits }) => waits) ? "protect.would-wait" : "protect.would-not-go", { count: kept.length })}
          {offers.map((offer) => (
            <Button key={offer} onPress={() => choose(offer === "portal" ? "portal" : "end")}>{t(`protect.offer-${offer}`)}</Button>
          ))}
        </p>
      )}
    </section>
  );
}
