// A message that may be dangerous, as words alone: nothing of it is drawn, run or loaded.

import { contentOf } from "../../endtoend/mail-content";

export interface PlainLink {
  /** The words that lead there. */
  words: string;
  /** Where to. */
  url: string;
  /** The words themselves name another host. */
  isFalse: boolean;
}

export interface Plain {
  text: string;
  links: PlainLink[];
  files: { name: string; type: string; bytes: number }[];
}

/** Longer texts are cut: what matters stands at the beginning. */
const TEXT_LETTERS_MAX = 20_000;
const LINKS_MAX = 50;
/** Elements after which the text begins anew. */
const BLOCKS = "p,div,tr,li,h1,h2,h3,h4,h5,h6,table,blockquote,pre,br";

/** The host that an address, or words that look like one, name. */
export function hostIn(words: string): string | undefined {
  return /(?:^|[\s/@(])((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/:?#\s)]|$)/i.exec(words.trim())?.[1]?.toLowerCase();
}

function hostOf(url: string): string | undefined {
  try {
    return new URL(url).hostname || undefined;
  } catch {
    return undefined;
  }
}

/** Text and links of HTML; the parser runs nothing and loads nothing. */
export function plainOf(html: string): { text: string; links: PlainLink[] } {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const it of page.querySelectorAll("script,style,template,noscript,title")) it.remove();
  const links = [...page.querySelectorAll("a[href],form[action],area[href]")].slice(0, LINKS_MAX).flatMap((it): PlainLink[] => {
    const url = (it.getAttribute("href") ?? it.getAttribute("action") ?? "").trim();
    if (url === "" || url.startsWith("#")) return [];
    const words = it.tagName === "FORM" ? "" : (it.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 200);
    const named = hostIn(words);
    const host = hostOf(url);
    return [{ words, url, isFalse: named !== undefined && host !== undefined && host !== named }];
  });
  for (const it of page.querySelectorAll(BLOCKS)) it.append("\n");
  for (const it of page.querySelectorAll("br")) it.replaceWith("\n");
  const text = (page.body.textContent ?? "").replace(/[^\S\n]+/g, " ").replace(/ ?\n ?/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
  return { text, links };
}

/** Reads the octets of a message. */
export async function readPlain(raw: Uint8Array): Promise<Plain> {
  const { text, html, files } = await contentOf(raw);
  const of = html === undefined ? { text: "", links: [] } : plainOf(html);
  return {
    text: (text.trim() === "" || html !== undefined ? of.text || text : text).slice(0, TEXT_LETTERS_MAX),
    links: of.links,
    files: files.map(({ name, type, content }) => ({ name, type, bytes: content.length })),
  };
}
