// The rights of a role of the company's own.

export interface Line {
  effect: "allow" | "deny";
  right: string;
  scope: string;
}

export const SCOPES = ["organisation", "group", "own"];

/** Lines as the server lists them: "allow account.read organisation; deny ...". */
export function linesOf(what: string): Line[] {
  return what.split(";").flatMap((text) => {
    const [effect, right, scope] = text.trim().split(/\s+/);
    return (effect === "allow" || effect === "deny") && right && scope ? [{ effect, right, scope }] : [];
  });
}

/** A line as the server takes it. */
export const written = ({ effect, right, scope }: Line): string => `${effect} ${right} ${scope}`;

/** Which line the server's words are about: the first whose right they name. */
export const faultyLine = (words: string, lines: Line[]): number => lines.findIndex(({ right }) => words.includes(right));
