// What is typed into the search field, as a filter of JMAP (RFC 8621 section 4.4.1).

import type { Filter, Label, Mailbox } from "../jmap/types";
import { labelCalled } from "../labels/label";
import { WAITING } from "./waiting";

/** What is wrong with a search: the key of its text and what goes into it. */
export class BadSearch extends Error {
  constructor(
    readonly key: string,
    readonly values: Record<string, string>,
  ) {
    super(key);
  }
}

interface Word {
  not: boolean;
  operator: string | undefined;
  text: string;
}

const OPERATORS = ["from", "to", "cc", "bcc", "subject", "body", "has", "is", "in", "label", "before", "after", "larger", "smaller"];

/** Words, `operator:word` and `"words together"`, each perhaps after a minus; OR stands alone. */
export function split(text: string): (Word | "OR")[] {
  const words: (Word | "OR")[] = [];
  // Quotation marks and colons of Chinese keyboards count, too.
  const pattern = /(-)?(?:([a-z]+)[:\uFF1A])?(?:["“”]([^"“”]*)["“”]|([^\s"“”]+))/giu;
  for (const [whole, minus, operator, quoted, plain] of text.matchAll(pattern)) {
    if (whole === "OR") {
      words.push("OR");
      continue;
    }
    const known = operator !== undefined && OPERATORS.includes(operator.toLowerCase());
    const value = quoted ?? plain ?? "";
    // "https://..." and the like are words.
    const text = operator !== undefined && !known ? whole.slice(minus ? 1 : 0) : value;
    if (text.trim() !== "") words.push({ not: minus !== undefined, operator: known ? operator.toLowerCase() : undefined, text });
  }
  return words;
}

/** What a search may name. */
export interface Known {
  mailboxes: Iterable<Mailbox>;
  labels: Iterable<Label>;
  /** What a mailbox with a role is called. */
  roleName: (role: string) => string;
}

/** The filter for a search. Throws [BadSearch]. */
export function filterOf(text: string, known: Known): Filter {
  const groups: Filter[][] = [[]];
  let joins = false;
  for (const word of split(text)) {
    if (word === "OR") {
      joins = (groups.at(-1)?.length ?? 0) > 0;
      continue;
    }
    const condition = conditionOf(word, known);
    const filter: Filter = word.not ? { operator: "NOT", conditions: [condition] } : condition;
    if (joins) groups.at(-1)?.push(filter);
    else groups.push([filter]);
    joins = false;
  }
  const all = groups
    .filter((group) => group.length > 0)
    .map((group): Filter => (group.length === 1 && group[0] ? group[0] : { operator: "OR", conditions: group }));
  if (all.length === 1 && all[0]) return all[0];
  return all.length === 0 ? {} : { operator: "AND", conditions: all };
}

function conditionOf({ operator, text }: Word, { mailboxes, labels, roleName }: Known): Filter {
  switch (operator) {
    case undefined:
      return { text };
    case "has":
      return one(text, { attachment: { hasAttachment: true }, 附件: { hasAttachment: true } });
    case "is":
      return one(text, {
        unread: { notKeyword: "$seen" },
        read: { hasKeyword: "$seen" },
        flagged: { hasKeyword: "$flagged" },
        starred: { hasKeyword: "$flagged" },
        answered: { hasKeyword: "$answered" },
        waiting: WAITING,
      });
    case "in": {
      const wanted = text.toLowerCase();
      const named = (box: Mailbox) =>
        box.role === wanted || box.name.toLowerCase() === wanted || (box.role !== null && roleName(box.role).toLowerCase() === wanted);
      const box = [...mailboxes].find(named);
      if (!box) throw new BadSearch("search.unknown-folder", { name: text });
      return { inMailbox: box.id };
    }
    case "label": {
      const label = labelCalled(labels, text);
      if (!label) throw new BadSearch("search.unknown-label", { name: text });
      return { hasKeyword: label.keyword };
    }
    case "before":
    case "after":
      return { [operator]: dayOf(text) };
    case "larger":
      return { minSize: sizeOf(text) };
    case "smaller":
      return { maxSize: sizeOf(text) };
    default:
      return { [operator]: text };
  }
}

function one(text: string, known: Record<string, Filter>): Filter {
  const found = known[text.toLowerCase()];
  if (!found) throw new BadSearch("search.bad-word", { text, known: Object.keys(known).join(", ") });
  return found;
}

/** The start of a day here, as an instant. */
function dayOf(text: string): string {
  const parts = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/.exec(text);
  const [year, month, day] = (parts ?? []).slice(1).map(Number);
  const date = new Date(year ?? Number.NaN, (month ?? 0) - 1, day);
  if (Number.isNaN(date.getTime()) || date.getMonth() !== (month ?? 0) - 1) throw new BadSearch("search.bad-date", { text });
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function sizeOf(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)\s*([kmg])?b?$/i.exec(text);
  if (!parts) throw new BadSearch("search.bad-size", { text });
  const factor = { k: 1e3, m: 1e6, g: 1e9 }[(parts[2] ?? "").toLowerCase()] ?? 1;
  return Math.round(Number(parts[1]) * factor);
}
