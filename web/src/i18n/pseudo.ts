// Made languages that show what a real one would break: longer words with accents, and writing from right to left.

const accents: Record<string, string> = {
  a: "á", b: "ƀ", c: "ç", d: "đ", e: "é", g: "ğ", h: "ħ", i: "í", j: "ĵ", k: "ķ", l: "ł", n: "ñ", o: "ó", r: "ř", s: "š", t: "ŧ", u: "ú",
  w: "ŵ", y: "ý", z: "ž", A: "Á", C: "Ç", E: "É", I: "Í", O: "Ó", S: "Š", T: "Ŧ", U: "Ú",
};

/** One message in the made language; what stands in braces is for the formatter, but for the texts of plural forms. */
export function pseudo(message: string): string {
  let depth = 0;
  let out = "";
  for (const letter of message) {
    if (letter === "{") depth += 1;
    if (letter === "}") depth -= 1;
    // Texts of plural forms stand at even depths.
    out += depth % 2 === 0 ? (accents[letter] ?? letter) : letter;
  }
  return `⟦${out} ${"·".repeat(Math.ceil(message.length / 4))}⟧`;
}

export type Catalogue = { [key: string]: string | Catalogue };

export function pseudoCatalogue(catalogue: Catalogue): Catalogue {
  return Object.fromEntries(
    Object.entries(catalogue).map(([key, value]) => [key, typeof value === "string" ? pseudo(value) : pseudoCatalogue(value)]),
  );
}
