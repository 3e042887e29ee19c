// What was typed into a form, as the server takes it; and which field the server speaks of.

export type Values = Record<string, string | boolean>;

interface Typed {
  kind?: string;
  isOptional?: boolean;
}

/** A field's value as the action takes it: what is empty and may be is nothing, lines are a list. */
export function valueOf({ kind, isOptional }: Typed, value: string | boolean): unknown {
  if (typeof value === "boolean") return value;
  const text = kind === "long" || kind === "file" || kind === "secret" ? value : value.trim();
  if (kind === "lines") return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (text === "" && isOptional) return null;
  return kind === "number" ? Number(text) : text;
}

/** Shorter values stand in too many sentences by chance. */
const TELLING_LETTERS = 2;
/** Shorter names begin other words. */
const WHOLE_LETTERS = 5;

/**
 * The field that the server's words are about: the one whose name they have in backquotes (a request that could not be read) or begin with
 * ("days of the rule must be ..."), or the longest of those whose value they name. Nothing if they name none.
 */
export function faultyField(words: string, names: string[], values: Values): string | undefined {
  const named = names.find((name) => words.includes(`\`${name}\``));
  if (named !== undefined) return named;
  const begun = names.find((name) => new RegExp(`^(?:the )?${name}${name.length < WHOLE_LETTERS ? "\\b" : ""}`, "i").test(words));
  if (begun !== undefined) return begun;
  const text = words.toLowerCase();
  // Of several lines the server names the one that is wrong.
  const lines = names.flatMap((name) => String(values[name] ?? "").split("\n").map((line) => ({ name, line: line.trim().toLowerCase() })));
  const told = lines.filter(({ name, line }) => typeof values[name] === "string" && line.length >= TELLING_LETTERS && text.includes(line));
  return told.sort((one, other) => other.line.length - one.line.length)[0]?.name;
}
