// Words of the page: a file for each language, loaded as it is needed. The sender says in which one his partner reads.

type Catalogue = Record<string, string>;

export interface Language {
  tag: string;
  name: string;
  direction: "ltr" | "rtl";
  load: () => Promise<{ default: Catalogue }>;
}

export const LANGUAGES: Language[] = [
  { tag: "en", name: "English", direction: "ltr", load: () => import("./texts/en.json") },
  { tag: "zh-CN", name: "简体中文", direction: "ltr", load: () => import("./texts/zh-CN.json") },
];

let words: Catalogue = {};
let tag = "en";

/** Takes up the language that fits `wanted` best. */
export async function speak(wanted: string): Promise<void> {
  const short = wanted.slice(0, 2).toLowerCase();
  const found = LANGUAGES.find((it) => it.tag === wanted) ?? LANGUAGES.find((it) => it.tag.slice(0, 2) === short) ?? LANGUAGES[0];
  if (!found) return;
  words = (await found.load()).default;
  tag = found.tag;
  document.documentElement.lang = found.tag;
  document.documentElement.dir = found.direction;
}

/** The language that is spoken. */
export const spoken = () => tag;

/** The text `key`, with each `{name}` filled in. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  return (words[key] ?? key).replace(/\{([a-z]+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** Whether there is a text `key`. */
export const has = (key: string) => key in words;

export const day = (time: string) => new Intl.DateTimeFormat(tag, { dateStyle: "long", timeStyle: "short" }).format(new Date(time));

export function bytes(count: number): string {
  const [unit, value] = count < 1024 ? ["byte", count] : count < 1 << 20 ? ["kilobyte", count / 1024] : ["megabyte", count / (1 << 20)];
  return new Intl.NumberFormat(tag, { style: "unit", unit: unit as string, unitDisplay: "short", maximumFractionDigits: 1 }).format(value as number);
}
