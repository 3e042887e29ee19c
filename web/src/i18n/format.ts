// Dates, sizes and names in the reader's manner.

import type { Address } from "../jmap/types";

const DAY_MS = 86_400_000;

/** When a message came, as short as its row has room for: the time today, the day this year, the date before. */
export function shortDate(iso: string, now: Date, tag: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const isToday = date.toDateString() === now.toDateString();
  if (isToday) return new Intl.DateTimeFormat(tag, { timeStyle: "short" }).format(date);
  if (now.getTime() - date.getTime() < 6 * DAY_MS && date < now) {
    return new Intl.DateTimeFormat(tag, { weekday: "short" }).format(date);
  }
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(tag, { day: "numeric", month: "short", year }).format(date);
}

/** Day and time in full. */
export function longDate(iso: string, tag: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** A number of octets. */
export function size(octets: number, tag: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  let value = octets;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = value < 10 && unit > 0 ? 1 : 0;
  return new Intl.NumberFormat(tag, { style: "unit", unit: units[unit], unitDisplay: "short", maximumFractionDigits: digits }).format(value);
}

/** What somebody is called. */
export function nameOf(address: Address): string {
  return address.name?.trim() || address.email;
}

/** What several are called. */
export function namesOf(addresses: Address[] | null): string {
  return (addresses ?? []).map(nameOf).join(", ");
}

/** An address in full, as a header field has it (RFC 5322 section 3.4). */
export function fullAddress({ name, email }: Address): string {
  return name ? `${name} <${email}>` : email;
}

/** Fingerprints and numbers in groups, as people compare them. */
export const grouped = (text: string, size = 4): string => text.toUpperCase().match(new RegExp(`.{1,${size}}`, "g"))?.join(" ") ?? "";
