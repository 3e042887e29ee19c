// Texts for people: one catalogue for each language, messages in ICU form, loaded as they are needed.

import i18next from "i18next";
import Icu from "i18next-icu";
import { initReactI18next } from "react-i18next";
import { type Catalogue, pseudoCatalogue } from "./pseudo";

export interface Language {
  tag: string;
  name: string;
  direction: "ltr" | "rtl";
}

/** Languages that people choose from. */
export const LANGUAGES: Language[] = [
  { tag: "en", name: "English", direction: "ltr" },
  { tag: "zh-CN", name: "简体中文", direction: "ltr" },
];

/** Made ones, for tests; reached by `?lang=`. */
const MADE: Language[] = [
  { tag: "en-XA", name: "Pseudo", direction: "ltr" },
  { tag: "ar-XB", name: "Pseudo, right to left", direction: "rtl" },
];

const CHOICE = "tradewind.language";

/** Texts of a page beside those that all pages have. */
export type MoreTexts = (tag: "en" | "zh-CN") => Promise<Catalogue>;

let more: MoreTexts = async () => ({});

async function load(tag: string): Promise<Catalogue> {
  const english = async () => ({ ...((await import("./en.json")).default as Catalogue), ...(await more("en")) });
  if (tag === "zh-CN") return { ...((await import("./zh-CN.json")).default as Catalogue), ...(await more("zh-CN")) };
  return MADE.some((made) => made.tag === tag) ? pseudoCatalogue(await english()) : english();
}

function isKnown(tag: string): boolean {
  return [...LANGUAGES, ...MADE].some((known) => known.tag === tag);
}

/** The language to begin with: asked for, chosen here before, or the browser's. */
function wanted(): string {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked && isKnown(asked)) return asked;
  const chosen = localStorage.getItem(CHOICE);
  if (chosen && isKnown(chosen)) return chosen;
  const first = navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag));
  return first && /^zh/i.test(first) ? "zh-CN" : "en";
}

export async function startTexts(texts: MoreTexts = more): Promise<void> {
  more = texts;
  await i18next
    .use(Icu)
    .use(initReactI18next)
    .init({ fallbackLng: false, resources: {}, interpolation: { escapeValue: false }, returnEmptyString: false, showSupportNotice: false } as object);
  await speak(wanted());
  // What is chosen in one window holds in the others.
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key === CHOICE && newValue && isKnown(newValue)) void speak(newValue);
  });
}

/** Changes the language of the page. */
export async function speak(tag: string): Promise<void> {
  i18next.addResourceBundle(tag, "translation", await load(tag), true, true);
  await i18next.changeLanguage(tag);
  document.documentElement.lang = tag;
  document.documentElement.dir = [...LANGUAGES, ...MADE].find((it) => it.tag === tag)?.direction ?? "ltr";
  document.title = i18next.t("app.name");
}

/** As [speak], and remembered by this browser. */
export async function choose(tag: string): Promise<void> {
  localStorage.setItem(CHOICE, tag);
  await speak(tag);
}
