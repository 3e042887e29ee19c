// A row of the table of rights, as the server writes it in words: "security allow policy.change organisation".

export interface Row {
  role: string;
  effect: "allow" | "deny";
  action: string;
  scope: string;
}

const ROW = /^(\S+) (allow|deny) (\S+) (own|group|organisation|region)$/;

/** The row; nothing if the words are of something else, such as a grant. */
export function readRow(words: string): Row | undefined {
  const [, role, effect, action, scope] = ROW.exec(words) ?? [];
  return role && action && scope && (effect === "allow" || effect === "deny") ? { role, effect, action, scope } : undefined;
}

/** Why something was refused or allowed: the reason, if one stands before the row, and the row. */
export function readBecause(words: string): { reason: string; row: Row | undefined } {
  const cut = words.lastIndexOf(": ");
  const row = readRow(cut < 0 ? words : words.slice(cut + 2));
  if (!row) return { reason: words, row: undefined };
  return { reason: cut < 0 ? "" : words.slice(0, cut), row };
}
