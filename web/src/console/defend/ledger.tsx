// Payment details as people compare them.

import { useTranslation } from "react-i18next";
import { grouped } from "../../i18n/format";
import { Moment, Tone } from "../kit/parts";

export interface Account {
  kind: string;
  value: string;
  holder: string | null;
  bank: string | null;
  country: string | null;
  currency: string | null;
  state: string;
  first?: string;
  last?: string;
  messages?: number;
  source?: string;
}

const tones = { new: "danger", learned: "quiet", confirmed: "ok", disputed: "danger", retired: "warning" } as const;

/** What is thought of payment details. */
export function LedgerState({ state }: { state: string }) {
  const { t } = useTranslation();
  return <Tone tone={tones[state as keyof typeof tones] ?? "quiet"}>{t(`pay.state.${state}`)}</Tone>;
}

/** An account in groups of four, as it stands on paper. */
export const written = ({ kind, value }: Account): string => (kind === "iban" || kind === "card" ? grouped(value) : value);

/** Payment details, each with what is known of it. `alarming` are drawn as such. */
export function Accounts({ of, none, isAsked = false }: { of: Account[]; none: string; isAsked?: boolean }) {
  const { t, i18n } = useTranslation();
  const country = new Intl.DisplayNames(i18n.language, { type: "region" });
  if (of.length === 0) return <p className="text-quiet">{t(none)}</p>;
  const land = (code: string) => {
    try {
      return country.of(code) ?? code;
    } catch {
      return code;
    }
  };
  return (
    <ul className="flex flex-col gap-2">
      {of.map((it) => (
        <li key={`${it.kind} ${it.value}`} className={`rounded-md border p-2 ${isAsked && (it.state === "new" || it.state === "disputed") ? "border-danger" : "border-line"}`}>
          <div className="text-quiet">{t(`ledger.kind-${it.kind}`)}</div>
          <code dir="ltr" className="block text-[15px] break-all select-all">{written(it)}</code>
          <div dir="auto">{[it.holder, it.bank, it.country === null ? null : land(it.country), it.currency].filter(Boolean).join(" · ")}</div>
          <div className="flex flex-wrap gap-x-3">
            <LedgerState state={it.state} />
            {it.first && <span className="text-quiet">{t("ledger.since")} <Moment at={it.first} /></span>}
            {it.messages !== undefined && <span className="text-quiet">{t("ledger.messages", { count: it.messages })}</span>}
          </div>
        </li>
      ))}
    </ul>
  );
}
