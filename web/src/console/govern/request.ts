// A request that waits or waited for a second person.

export interface Request {
  request: string;
  by: string | null;
  action: string;
  en: string | null;
  zh: string | null;
  details: Record<string, unknown> | null;
  state: "waiting" | "approved" | "refused" | "done" | "failed" | "lapsed";
  since: string;
  expires: string;
  outcome: string | null;
}

export const TONES = { waiting: "warning", approved: "quiet", refused: "quiet", done: "ok", failed: "danger", lapsed: "quiet" } as const;

/** What was asked for, in words. */
export const sentenceOf = ({ en, zh, action }: Request, language: "zh" | "en"): string => (language === "zh" ? zh : en) ?? action;

export const isMine = ({ by }: Request, address: string): boolean => by === address;

/** A value of a request as people read it: no marks of identifiers, lists in a line. */
export function wordsOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(wordsOf).join(", ");
  if (typeof value === "object") return Object.entries(value as object).map(([name, it]) => `${name}: ${wordsOf(it)}`).join("; ");
  return String(value).replace(/^\uE000/u, "");
}
