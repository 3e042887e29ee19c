// A report of the overview, as the server keeps it and as it is typed.

import type { Values } from "../kit/values";

export interface Report {
  id: string;
  name: string;
  rhythm: "daily" | "weekly" | "monthly";
  hour: number;
  time_zone: string;
  recipients: { address: string; language: "zh" | "en"; here: boolean }[];
  next: string;
  last: { at: string; period: string; recipients: number; unreachable: string[] } | null;
}

/** The hour before which few look at their mail. */
const USUAL_HOUR = "8";

/** The zone that the browser is in. */
const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Zones to choose from, with the one that is set though the browser may not know it. */
export function zones(set?: string): [string, string][] {
  return [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", ownZone(), ...(set === undefined ? [] : [set])])].sort().map((it): [string, string] => [it, it]);
}

/** What stands in the form at first. */
export function typedOf(report?: Report): Values {
  if (report === undefined) return { hour: USUAL_HOUR, time_zone: ownZone(), rhythm: "weekly" };
  const lines = (wanted: string) => report.recipients.filter(({ language }) => language === wanted).map(({ address }) => address).join("\n");
  return { name: report.name, rhythm: report.rhythm, hour: String(report.hour), time_zone: report.time_zone, recipients: lines("zh"), "recipients-en": lines("en") };
}

/** The recipients of both fields, each with its language. */
export function recipientsOf(typed: Record<string, unknown>): { address: string; language: string }[] {
  const of = (name: string, language: string) => (Array.isArray(typed[name]) ? typed[name] : []).map((address) => ({ address: String(address), language }));
  return [...of("recipients", "zh"), ...of("recipients-en", "en")];
}
