// Contacts as people see them, made of cards (JSContact, RFC 9553) and written back into them: what a card holds beyond that stays.

import type { Id } from "../jmap/types";

/** The parts of a card that are used here. */
export interface Card {
  id: Id;
  uid?: string;
  addressBookIds?: Record<Id, true>;
  name?: { full?: string; components?: { kind: string; value: string }[] };
  emails?: Record<string, { address: string }>;
  phones?: Record<string, { number: string }>;
  organizations?: Record<string, { name?: string }>;
  titles?: Record<string, { name: string; kind?: string }>;
  addresses?: Record<string, { countryCode?: string; timeZone?: string; full?: string }>;
  notes?: Record<string, { note: string }>;
}

export const CARD = ["id", "uid", "addressBookIds", "name", "emails", "phones", "organizations", "titles", "addresses", "notes"];

export interface Person {
  name: string;
  emails: string[];
  phones: string[];
  company: string;
  title: string;
  /** ISO 3166-1, two letters; empty if not known. */
  country: string;
  /** A name of the time zone database; empty if not known. */
  zone: string;
  note: string;
}

export const NOBODY: Person = { name: "", emails: [], phones: [], company: "", title: "", country: "", zone: "", note: "" };

const values = <T>(map: Record<string, T> | undefined): T[] => Object.values(map ?? {});

/** A name in one piece; its parts in the order that the card gives, Chinese ones without blanks. */
export function nameOfCard({ name, emails }: Card): string {
  if (name?.full?.trim()) return name.full.trim();
  const parts = (name?.components ?? []).filter(({ kind }) => kind !== "separator").map(({ value }) => value);
  const joined = parts.every((part) => /^\p{Script=Han}+$/u.test(part)) ? parts.join("") : parts.join(" ");
  return joined.trim() || (values(emails)[0]?.address ?? "");
}

export function personOf(card: Card): Person {
  const [address] = values(card.addresses);
  return {
    name: nameOfCard(card),
    emails: values(card.emails).map((it) => it.address),
    phones: values(card.phones).map((it) => it.number),
    company: values(card.organizations).find((it) => it.name)?.name ?? "",
    title: values(card.titles)[0]?.name ?? "",
    country: address?.countryCode?.toUpperCase() ?? "",
    zone: address?.timeZone ?? "",
    note: values(card.notes)[0]?.note ?? "",
  };
}

/** A map of a card with these values: entries that are there are changed, so that what else they say stays. */
function merged<T extends object>(before: Record<string, T> | undefined, wanted: string[], read: (entry: T) => string, write: (value: string) => object): Record<string, object> | null {
  const known = Object.entries(before ?? {});
  const kept = new Map<string, [string, T]>(known.map(([key, entry]) => [read(entry), [key, entry]]));
  const used = new Set(known.map(([key]) => key));
  const result: Record<string, object> = {};
  for (const value of wanted) {
    const same = kept.get(value);
    if (same) {
      result[same[0]] = same[1];
      continue;
    }
    let number = 1;
    while (used.has(`k${number}`)) number += 1;
    used.add(`k${number}`);
    result[`k${number}`] = write(value);
  }
  return Object.keys(result).length === 0 ? null : result;
}

/** The first entry of a map with some properties changed; the others stay. */
function first<T extends object>(before: Record<string, T> | undefined, change: Partial<T>): Record<string, object> | null {
  const [[key, entry] = ["k1", {}], ...rest] = Object.entries(before ?? {});
  const changed = Object.fromEntries(Object.entries({ ...entry, ...change }).filter(([, value]) => value !== undefined && value !== ""));
  const all = { ...Object.fromEntries(rest), ...(Object.keys(changed).some((name) => name !== "@type") ? { [key]: changed } : {}) };
  return Object.keys(all).length === 0 ? null : all;
}

/** What is to be set of a card so that it says this of somebody. */
export function patchFor(card: Card | undefined, person: Person): Record<string, unknown> {
  const before = card ? personOf(card) : NOBODY;
  const patch: Record<string, unknown> = {};
  const differs = (name: keyof Person) => JSON.stringify(before[name]) !== JSON.stringify(person[name]);
  if (differs("name")) patch.name = { full: person.name };
  if (differs("emails")) patch.emails = merged(card?.emails, person.emails, (it) => it.address, (address) => ({ address }));
  if (differs("phones")) patch.phones = merged(card?.phones, person.phones, (it) => it.number, (number) => ({ number }));
  if (differs("company")) patch.organizations = first(card?.organizations, { name: person.company });
  if (differs("title")) patch.titles = first(card?.titles, { name: person.title });
  if (differs("country") || differs("zone")) patch.addresses = first(card?.addresses, { countryCode: person.country, timeZone: person.zone });
  if (differs("note")) patch.notes = first(card?.notes, { note: person.note });
  return patch;
}

/** The time of day somewhere, with the day where that is another than here; nothing if the zone is not known to the browser. */
export function timeThere(zone: string, now: Date, tag: string): string | undefined {
  if (zone === "") return undefined;
  try {
    const day = (timeZone?: string) => new Intl.DateTimeFormat("en", { dateStyle: "short", timeZone }).format(now);
    const weekday = day(zone) === day() ? undefined : "short";
    return new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", weekday, timeZone: zone }).format(now);
  } catch {
    return undefined;
  }
}
