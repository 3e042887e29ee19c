import { IntlMessageFormat } from "intl-messageformat";
import { expect, test } from "vitest";
import english from "./en.json";
import { pseudo, pseudoCatalogue, type Catalogue } from "./pseudo";
import chinese from "./zh-CN.json";

function flat(catalogue: Catalogue, above = ""): Map<string, string> {
  const entries = Object.entries(catalogue).flatMap(([key, value]): [string, string][] =>
    typeof value === "string" ? [[above + key, value]] : [...flat(value, `${above}${key}.`)],
  );
  return new Map(entries);
}

/** The names that a message has filled in. */
function names(message: string): string[] {
  return [...new Set([...message.matchAll(/\{\s*([a-z]+)\s*[,}]/g)].map((found) => found[1] ?? ""))].toSorted();
}

const parts = (of: Record<string, unknown>) => Object.values(of) as Catalogue[];
const consoleEnglish = parts(import.meta.glob("../console/*/en.json", { import: "default", eager: true }));
const consoleChinese = parts(import.meta.glob("../console/*/zh-CN.json", { import: "default", eager: true }));
const allEnglish: Catalogue = Object.assign({}, english, ...consoleEnglish);
const en = flat(allEnglish);
const zh = flat(Object.assign({}, chinese, ...consoleChinese));
const sources = Object.values(import.meta.glob("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true })) as string[];

test("each language says everything, with the same values", () => {
  expect([...zh.keys()]).toEqual([...en.keys()]);
  for (const [key, message] of en) expect(names(zh.get(key) ?? ""), key).toEqual(names(message));
});

test("every message can be read, in the made languages too", () => {
  const values = { count: 2, seconds: 2, ...Object.fromEntries([...en.values()].flatMap(names).map((name) => [name, name === "count" || name === "seconds" || name === "percent" ? 2 : "x"])) };
  for (const catalogue of [en, zh, flat(pseudoCatalogue(allEnglish))]) {
    for (const [key, message] of catalogue) expect(new IntlMessageFormat(message, "en").format(values), key).toBeTypeOf("string");
  }
  expect(pseudo("Move {count, plural, one {it} other {them}}")).toContain("{count, plural, one {íŧ} other {ŧħém}}");
});

test("Chinese is written in its own signs", () => {
  for (const [key, message] of zh) expect(message, key).not.toMatch(/[\u4E00-\u9FFF][,:;?!]|[,;?!][\u4E00-\u9FFF]/);
});

test("what is said is in the catalogue, and what is in the catalogue is said", () => {
  const text = sources.join("\n");
  const said = [...text.matchAll(/\b(?:t|BadSearch)\(\s*"([\w.-]+)"/g)].map((found) => found[1] ?? "");
  for (const key of said) expect(en.has(key), key).toBe(true);
  const families = [...text.matchAll(/t\(`([\w.-]+[.-])\$\{/g)].map((found) => found[1] ?? "");
  for (const key of en.keys()) {
    expect(text.includes(`"${key}"`) || families.some((family) => key.startsWith(family)), key).toBe(true);
  }
});
