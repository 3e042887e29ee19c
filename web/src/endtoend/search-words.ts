// What is typed into the search field, as far as it can be looked for in one's own encrypted mail: words and phrases, in all of a message or in one
// field, none of which a message may lack; after a minus, none that it may have.

/** The text of an opened message, by the names that the search field has for its parts. */
export interface Indexed {
  from: string;
  to: string;
  subject: string;
  body: string;
}

export interface Words {
  /** Each of these groups must have one that is found. */
  groups: { field: keyof Indexed | undefined; text: string; not: boolean }[][];
  /** Operators that only the server knows; where there are any, encrypted mail is not looked through. */
  unknown: string[];
}

/** Letters that are the same to who searches: without case, accents and width. */
export const folded = (text: string) => text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().replaceAll(/\s+/gu, " ");

const FIELDS: Record<string, keyof Indexed> = { from: "from", to: "to", cc: "to", subject: "subject", body: "body" };

export function wordsOf(words: readonly ({ not: boolean; operator: string | undefined; text: string } | "OR")[]): Words {
  const groups: Words["groups"] = [];
  const unknown: string[] = [];
  let joins = false;
  for (const word of words) {
    if (word === "OR") {
      joins = groups.length > 0;
      continue;
    }
    const field = word.operator === undefined ? undefined : FIELDS[word.operator];
    if (word.operator !== undefined && field === undefined) unknown.push(word.operator);
    const one = { field, text: folded(word.text).trim(), not: word.not };
    if (joins) groups.at(-1)?.push(one);
    else groups.push([one]);
    joins = false;
  }
  return { groups, unknown };
}

/** Whether a message, whose texts are [folded], is meant. */
export function isMeant(message: Indexed, { groups, unknown }: Words): boolean {
  if (unknown.length > 0 || groups.length === 0) return false;
  const has = (field: keyof Indexed | undefined, text: string) =>
    field === undefined ? Object.values(message).some((part: string) => part.includes(text)) : message[field].includes(text);
  return groups.every((group) => group.some(({ field, text, not }) => has(field, text) !== not));
}
