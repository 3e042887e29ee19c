// The way from a fresh server to a safe one, step by step, each judged by what the server says.

import { act } from "../../account/api";
import { hasComeFromOutside, hasReachedOutside } from "./letter";

export type Step = "domain" | "dns" | "people" | "officer" | "factors" | "level" | "backups" | "mail-out" | "mail-in" | "import";

export interface Stand {
  step: Step;
  /** Done, not yet, or something to decide that nobody can judge. */
  state: "done" | "open" | "optional";
  /** Values of the sentence that says how it stands. */
  values: Record<string, string | number>;
  /** Where it is done; nothing if that is here. */
  to?: string;
}

interface Known {
  domains: { domain: string }[];
  seen: { kind: string; object: string; state: string }[];
  people: { address: string; role: string; kind?: string }[];
  missing: unknown[];
  level: string;
  lacks: string[];
  /** Whether mail has reached somebody elsewhere, and whether mail from there has come. */
  reached: boolean;
  came: boolean;
}

/** More people than that are not counted here. */
const PEOPLE_MAX = 500;

/** Asks the server for everything that the steps are judged by; what somebody may not see is left out. */
export async function ask(may: (...rights: string[]) => boolean, level: string, alone: boolean): Promise<Partial<Known>> {
  const part = async <T>(allowed: boolean, work: () => Promise<T>): Promise<T | undefined> => (allowed ? work() : undefined);
  const domains = await part(may("domain.read"), () => act<{ domain: string }[]>("domain-list", {}));
  const first = domains?.[0]?.domain;
  const names = domains?.map(({ domain }) => domain) ?? [];
  const [records, people, missing, needs, reached, came] = await Promise.all([
    part(first !== undefined, () => act<{ seen: Known["seen"] }>("domain-records", { domain: first })),
    part(may("account.read"), () => act<{ items: Known["people"] }>("user-page", { limit: PEOPLE_MAX })),
    part(may("factor.read"), () => act<unknown[]>("factor-missing", {})),
    part(alone && may("store.check"), () => act<{ missing: string[] }>("backup-needs", {})),
    part(first !== undefined && may("trace.read"), () => hasReachedOutside(names)),
    part(first !== undefined && may("trace.read"), hasComeFromOutside),
  ]);
  return { domains, seen: records?.seen, people: people?.items, missing, level, lacks: needs?.missing, reached, came };
}

/** How each step stands, of those that can be judged. */
export function judge({ domains, seen, people, missing, level, lacks, reached, came }: Partial<Known>): Stand[] {
  const stands: Stand[] = [];
  const add = (step: Step, state: Stand["state"], to?: string, values: Stand["values"] = {}) => stands.push({ step, state, values, ...(to === undefined ? {} : { to }) });
  const first = domains?.[0]?.domain;
  if (domains) add("domain", first === undefined ? "open" : "done", "/domains", { count: domains.length, domain: first ?? "" });
  if (seen && first !== undefined) {
    const wrong = seen.filter(({ state }) => state !== "sound");
    add("dns", wrong.length === 0 ? "done" : "open", `/domains/${encodeURIComponent(first)}`, { wrong: wrong.length, all: seen.length, first: wrong[0]?.kind ?? "" });
  }
  if (people) {
    const persons = people.filter(({ kind }) => kind === undefined || kind === "person");
    add("people", persons.length > 1 ? "done" : "open", "/people", { count: persons.length });
    // Who decides on protection is somebody else than who administers.
    add("officer", persons.some(({ role }) => role === "security") ? "done" : "open", "/people");
  }
  if (missing) add("factors", missing.length === 0 ? "done" : "open", "/factors", { count: missing.length });
  if (level !== undefined) add("level", level === "trade" ? "done" : "optional", "/level", { level });
  if (lacks) add("backups", lacks.length === 0 ? "done" : "open", "/backups", { count: lacks.length });
  if (reached !== undefined) add("mail-out", reached ? "done" : "open");
  if (came !== undefined) add("mail-in", came ? "done" : "open");
  if (people) add("import", "optional", "/table");
  return stands;
}
