// An investigation into the mail of some people.

export interface Investigation {
  id: string;
  name: string;
  reason: string;
  by: string;
  opened: string;
  closed: string | null;
  closed_by: string;
  closed_reason: string;
  hold: string;
  custodians: string[];
}

export interface Search {
  search: number;
  at: string;
  by: string;
  words: string[];
  with: string | null;
  from: string | null;
  subject: string | null;
  since: string | null;
  before: string | null;
  custodians: number;
  found: number;
  new: number;
  encrypted: number;
  whole: boolean;
}

export interface Shown extends Investigation {
  searches: Search[];
  marks: Partial<Record<Mark, number>>;
}

export const MARKS = ["unseen", "relevant", "irrelevant", "privileged"] as const;
export type Mark = (typeof MARKS)[number];
export const MARK_TONES = { unseen: "warning", relevant: "ok", irrelevant: "quiet", privileged: "quiet" } as const;

export interface Item {
  message: string;
  custodian: string;
  from: string | null;
  subject: string | null;
  received: string | null;
  removed: string | null;
  folders: string[];
  search: number;
  mark: Mark;
  note: string;
  marked_by: string | null;
}

/** Rows that `investigation-items` gives at a time. */
export const ITEMS_PAGE = 200;

/** A day as the server tells it in a search. */
const day = (at: string) => at.slice(0, 10);

/** What was searched for, in a line: the names of the conditions in the reader's words. */
export function searchInWords(search: Search, t: (key: string) => string): string {
  const { words, with: someone, from, subject, since, before } = search;
  const colon = t("protect.colon");
  const parts = [
    ...words.map((word) => `“${word}”`),
    ...[["with", someone], ["from", from], ["subject", subject]].flatMap(([name, value]) => (value ? [`${t(`investigation.${name}`)}${colon} ${value}`] : [])),
    ...(since ? [`${t("investigation.since")}${colon} ${day(since)}`] : []),
    ...(before ? [`${t("investigation.before")}${colon} ${day(before)}`] : []),
  ];
  return parts.join(" · ");
}
