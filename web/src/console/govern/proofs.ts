// Evidence: checks that the system makes of itself, and what they show of standards and laws.

import { act } from "../../account/api";
import type { Mend } from "../overview/ways";
import type { Asked, Page } from "../kit/remote";

export type State = "failed" | "needs-a-person" | "passed";

export const STATES: State[] = ["failed", "needs-a-person", "passed"];

export const TONES = { failed: "danger", "needs-a-person": "warning", passed: "ok" } as const;

/** The checks themselves, then standards and laws. */
export const FRAMEWORKS = ["checks", "iso27001", "gdpr", "csl", "pipl", "mlps3"];

export interface Figure {
  figure: string;
  name: string;
  value: unknown;
  source: string;
}

export interface Check {
  check: string;
  title: string;
  area: string;
  state: State;
  why: string[];
  figures: Figure[];
  looked: string;
  since: string;
  mend: Mend[];
}

export interface Change {
  check: string;
  title: string;
  at: string;
  state: State;
  why: string[];
}

/** An item of a standard, or a check by itself. */
export type Shown = { history: Change[] } & (Check | { item: string; title: string; state: State; person: string | null; checks: Check[] });

/** A row: an item of a standard with the checks that show it, or a check. */
export interface Row {
  code: string;
  title: string;
  state: State;
  why: string[];
  person: string | null;
  checks: { check: string; state: State }[];
  since: string | null;
}

type Listed = Pick<Check, "check" | "title" | "state" | "why" | "since"> | { item: string; title: string; state: State; person: string | null; checks: Pick<Check, "check" | "state" | "why">[] };

export type Counts = Record<State, number>;

interface Told {
  counts: Counts;
  rows: Listed[];
  cursor: string | null;
}

/** Rows that the server gives at once. */
const ROWS_MAX = 200;

/** A row of either kind in one form: what did not pass tells why. */
export function rowOf(listed: Listed): Row {
  if ("check" in listed) return { code: listed.check, title: listed.title, state: listed.state, why: listed.state === "passed" ? [] : listed.why, person: null, checks: [], since: listed.since };
  const { item: code, title, state, person, checks } = listed;
  const why = checks.filter((check) => check.state === state && state !== "passed").flatMap((check) => check.why);
  return { code, title, state, why, person, checks, since: null };
}

/** A page of what the filters of the page ask for, and how many there are of each state. */
export async function loadProofs({ filters, cursor, limit }: Asked, language: "zh" | "en"): Promise<Page<Row> & { counts: Counts }> {
  const { framework = "checks", state } = filters;
  const told = await act<Told>("evidence-list", { framework, language, state: state ?? null, cursor, limit: Math.min(limit, ROWS_MAX) });
  return { items: told.rows.map(rowOf), next: told.cursor, counts: told.counts };
}

/** The checks that an item's page shows: those of the item, or the one itself. */
export const checksOf = (shown: Shown): Check[] => ("check" in shown ? [shown] : shown.checks);
