// The API as lists need it: page by page from the server, or, of a list that is short by its nature, as a whole.

import { act } from "../../account/api";

/** A page of a list, and what asks for the next one; nothing at its end. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

/** What a list asks for: the filters that are set, and where the page before ended. */
export interface Asked {
  filters: Record<string, string>;
  cursor: string | null;
  limit: number;
}

export type Load<T> = (asked: Asked) => Promise<Page<T>>;

/** Rows of a page. */
export const PAGE_ROWS = 100;
/** Rows that the server gives at once, at most. */
const ASKED_MAX = 500;

/** Asks an action that gives pages. `body` makes its fields of the filters. */
export function pages<T>(action: string, body: (filters: Record<string, string>) => object = (filters) => filters): Load<T> {
  return ({ filters, cursor, limit }) => act<Page<T>>(action, { ...body(filters), cursor, limit });
}

/** Rows from the first on, over as many pages as it takes, and whether there are more. */
export async function upTo<T>(load: Load<T>, filters: Record<string, string>, max: number): Promise<{ items: T[]; isMore: boolean }> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await load({ filters, cursor, limit: Math.min(max - items.length, ASKED_MAX) });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && items.length < max);
  return { items, isMore: cursor !== null };
}

/** Filters with the days from `since` to `until`, both included, as moments that the server reads: days are those of whoever looks. */
export function inDays({ since, until, ...rest }: Record<string, string>): Record<string, string> {
  const moment = (day: string, later: number) => {
    const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
    const at = new Date(year, month - 1, date + later);
    return Number.isNaN(at.getTime()) ? day : `${at.toISOString().slice(0, 19)}Z`;
  };
  return { ...rest, ...(since === undefined ? {} : { since: moment(since, 0) }), ...(until === undefined ? {} : { until: moment(until, 1) }) };
}

/** A list that is short by its nature (domains, roles, rules): asked for as a whole, and looked through here. */
export function whole<T>(action: string, body: (filters: Record<string, string>) => object = () => ({}), fits: (row: T, filters: Record<string, string>) => boolean = holdsWords): Load<T> {
  return async ({ filters, cursor, limit }) => {
    const rows = (await act<T[]>(action, body(filters))).filter((row) => fits(row, filters));
    const from = Number(cursor ?? 0);
    return { items: rows.slice(from, from + limit), next: from + limit < rows.length ? String(from + limit) : null };
  };
}

/** Whether a row has every word of the filter `search` somewhere. */
export function holdsWords(row: unknown, filters: Record<string, string>): boolean {
  const text = JSON.stringify(row).toLowerCase();
  return (filters.search ?? "").toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Hands a file to the browser to keep. */
export function saveFile(name: string, kind: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type: kind }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The octets of a text in Base64. */
export function octetsOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Octets as Base64. */
export function base64Of(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text);
}

/** Cells as CSV (RFC 4180), with the mark that has spreadsheets read UTF-8; what they would take for a formula is made text. */
export function csv(rows: string[][]): string {
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.,]+$/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}
