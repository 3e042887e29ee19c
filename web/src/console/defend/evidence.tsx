// What was found of mail, and what was done with it, in words.

import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Tone } from "../kit/parts";

/** What can become of a message, in the order of severity. */
export const DONE = ["deliver", "warn", "junk", "quarantine", "hold", "refuse"] as const;

const tones = { deliver: "quiet", warn: "warning", junk: "ok", quarantine: "ok", hold: "warning", refuse: "ok" } as const;

/** What was done with a message: a tick where it was stopped. */
export function Done({ what }: { what: string }) {
  const { t } = useTranslation();
  return <Tone tone={tones[what as keyof typeof tones] ?? "quiet"}>{t(`evidence.done-${what}`)}</Tone>;
}

export interface Finding {
  id: string;
  weight: number;
  text: string;
  evidence: string;
}

/** The sum from which a single finding nearly decides. */
const HEAVY = 4;

/** Everything that was found, heaviest first: the sentence, and how much it weighs against the message or for it. */
export function Findings({ of, none = "evidence.nothing" }: { of: Finding[]; none?: string }) {
  const { t, i18n } = useTranslation();
  if (of.length === 0) return <p className="text-quiet">{t(none)}</p>;
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
  return (
    <ul className="flex flex-col">
      {of.map((finding) => (
        <li key={`${finding.id} ${finding.evidence}`} className="flex items-baseline gap-3 border-t border-line py-1.5 first:border-t-0">
          <span className="w-28 shrink-0 max-sm:w-16">
            <span className={`block h-1.5 rounded-md ${finding.weight > 0 ? "bg-warning" : "bg-ok"}`} style={{ inlineSize: `${Math.min(Math.abs(finding.weight) / HEAVY, 1) * 100}%` }} />
            <span className="text-quiet tabular-nums">{t(finding.weight > 0 ? "evidence.against" : finding.weight < 0 ? "evidence.for" : "evidence.neither", { weight: number.format(finding.weight) })}</span>
          </span>
          <span dir="auto" className="min-w-0">{finding.text}</span>
        </li>
      ))}
    </ul>
  );
}

/** The first reasons of a list's row, one below another. */
export function Why({ of }: { of: string[] }) {
  if (of.length === 0) return <span className="text-quiet">–</span>;
  return <ul>{of.map((reason) => <li key={reason} dir="auto" className="max-w-80">{reason}</li>)}</ul>;
}

/** A probability as people read it. */
export function usePercent(): (of: number) => string {
  const { i18n } = useTranslation();
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  return (of) => percent.format(of);
}

/** The address in what a message says of its author: `Jan <jan@x.test>`. */
export function addressIn(author: string): string {
  return /<([^<>]+)>\s*$/.exec(author)?.[1] ?? author.trim();
}

/** Who wrote it; leads to what is known of him. */
export function Author({ of }: { of: string }) {
  const { t } = useTranslation();
  const address = addressIn(of);
  if (!address.includes("@")) return <bdi>{of === "" ? t("evidence.nobody") : of}</bdi>;
  return <Link to="/senders" search={{ what: address } as never} className="text-accent underline"><bdi>{of}</bdi></Link>;
}

/** A domain, an address or a network; leads to what is known of it. */
export function Known({ what }: { what: string }) {
  return <Link to="/senders" search={{ what } as never} className="text-accent underline"><bdi>{what}</bdi></Link>;
}

/** Somebody of the company; leads to his page. */
export function Colleague({ address }: { address: string | null | undefined }) {
  if (!address) return <span className="text-quiet">–</span>;
  return <Link to={`/people/${encodeURIComponent(address)}`} className="text-accent underline"><bdi>{address}</bdi></Link>;
}
