// What people ask about their data: the register of requests, as the screens need it.

import { act } from "../../account/api";
import { type Asked, holdsWords, type Page } from "../kit/remote";
import type { Hold } from "./holds-screen";

export const KINDS = ["access", "export", "correction", "restriction", "erasure", "objection"];
export const LAWS = ["gdpr", "ccpa", "pipl"];
export const STATES = ["open", "done", "refused", "withdrawn"];

export interface Subject {
  id: string;
  kind: string;
  law: string;
  state: "open" | "done" | "refused" | "withdrawn";
  name: string;
  ours: boolean;
  received: string;
  due: string;
  extended: boolean;
  closed: string | null;
}

export interface Found {
  at: string;
  places: Record<string, number>;
  mailboxes: number;
  looked: number;
  whole: boolean;
}

export interface Erased {
  at: string;
  gone: Record<string, number>;
  kept: { place: string; things: number; basis: string }[];
  proof: boolean;
}

export interface Step {
  at: string;
  step: string;
  by: string;
  note: string;
}

export interface Whole extends Subject {
  addresses: string[];
  answer_to: string;
  language: "zh" | "en";
  note: string;
  by: string;
  person: string;
  identity: { how: string; by: string; at: string } | null;
  extension: { reason: string; by: string; at: string } | null;
  refusal: { reason: string; by: string; hold: [number, string, string] | null } | null;
  investigation: string | null;
  carried_out: boolean;
  found: Found | null;
  erased: Erased | null;
  steps: Step[];
}

/** Rows that the server gives at once. */
const PAGE_MAX = 100;
/** Open requests that are put in the order of their deadlines. */
const OPEN_MAX = 2_000;
const DAY_MS = 86_400_000;
/** So many days before a deadline it is told with a sign; the server's letters begin then, too. */
const SOON_DAYS = 7;

const page = (state: string | null, before: string | null) => act<Subject[]>("subject-list", { state, before, limit: PAGE_MAX });

/** Whether the deadline of a request that waits is over, or comes soon. */
export function urgency({ state, due }: Pick<Subject, "state" | "due">, now = Date.now()): "over" | "soon" | "later" | "closed" {
  if (state !== "open") return "closed";
  const left = Date.parse(due) - now;
  return left < 0 ? "over" : left < SOON_DAYS * DAY_MS ? "soon" : "later";
}

export const URGENCY_TONES = { over: "danger", soon: "warning", later: "quiet", closed: "quiet" } as const;

/** Requests that wait, by their deadlines, what is over first; others the latest first, page by page. */
export async function loadSubjects({ filters, cursor }: Asked): Promise<Page<Subject>> {
  const { state = "", kind = "" } = filters;
  const fits = (row: Subject) => (kind === "" || row.kind === kind) && holdsWords({ name: row.name }, filters);
  if (state !== "open") {
    const rows = await page(state || null, cursor);
    return { items: rows.filter(fits), next: rows.length < PAGE_MAX ? null : (rows.at(-1)?.id ?? null) };
  }
  const all: Subject[] = [];
  let before: string | null = null;
  do {
    const rows: Subject[] = await page("open", before);
    all.push(...rows);
    before = rows.length < PAGE_MAX ? null : (rows.at(-1)?.id ?? null);
  } while (before !== null && all.length < OPEN_MAX);
  return { items: all.filter(fits).sort((one, other) => Date.parse(one.due) - Date.parse(other.due)), next: null };
}

/** Whether the person's data is restricted by the request now. */
export const isRestricted = ({ steps }: Pick<Whole, "steps">): boolean => steps.findLast(({ step }) => step === "restricted" || step === "lifted")?.step === "restricted";

/** Whether a hold that is on keeps mail of these addresses; the server has the last word. */
export function covers(hold: Pick<Hold, "ended" | "everyone" | "accounts" | "with">, addresses: string[]): boolean {
  if (hold.ended !== null) return false;
  if (hold.everyone) return true;
  const correspondent = (hold.with ?? "").toLowerCase();
  return addresses.some((address) => {
    const domain = address.slice(address.lastIndexOf("@") + 1);
    return hold.accounts.includes(address) || (correspondent !== "" && (correspondent === address || correspondent === domain || domain.endsWith(`.${correspondent}`)));
  });
}

/** What a request that is carried out asks for. */
export const asksFor = {
  report: ({ kind }: Subject) => kind === "access" || kind === "export",
  correction: ({ kind }: Subject) => kind === "correction",
  restriction: ({ kind }: Subject) => kind === "restriction" || kind === "objection",
  erasure: ({ kind }: Subject) => kind === "erasure",
};
