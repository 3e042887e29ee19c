// Signatures: which one a message gets, and one in the place of another.

import type { Identity } from "../jmap/types";
import { cleanHtml } from "../mail/sanitise";

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function paragraphs(text: string): string {
  return text.split(/\n{2,}/).map((part) => `<p>${escapeHtml(part).replaceAll("\n", "<br>")}</p>`).join("");
}

export function signature({ htmlSignature, textSignature }: Identity): string {
  if (htmlSignature) return `<p></p>${cleanHtml(htmlSignature).body.innerHTML}`;
  if (!textSignature) return "";
  return `<p></p>${paragraphs(textSignature)}`;
}

/** What tells an identity from others of the same address: the first line of its signature. */
export function identityLabel({ name, email, textSignature }: Identity): string {
  const who = name ? `${name} <${email}>` : email;
  const first = textSignature.split("\n").find((line) => line.trim() !== "");
  return first ? `${who} · ${first.trim()}` : who;
}

/** The share of Han characters among the letters of a text, from 0 to 1. */
function hanShare(text: string): number {
  const letters = [...text.matchAll(/\p{L}/gu)].length;
  return letters === 0 ? 0 : [...text.matchAll(/\p{Script=Han}/gu)].length / letters;
}

/** Of identities, the one whose signature is in the script of a text; the first if that tells none. */
export function inScriptOf(text: string, identities: Identity[]): Identity | undefined {
  const isHan = hanShare(text) > 0.3;
  const signed = identities.filter((it) => it.textSignature.trim() !== "");
  return signed.find((it) => hanShare(it.textSignature) > 0.3 === isHan) ?? identities[0];
}

function blocks(html: string): Element[] {
  return [...new DOMParser().parseFromString(html, "text/html").body.children];
}

const plain = (element: Element | undefined) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();

/** A text with the signature of `to` where that of `from` stands; above what is quoted if that was changed by hand. */
export function swapSignature(html: string, from: Identity, to: Identity): string {
  const all = blocks(html);
  const old = blocks(signature(from)).filter((it) => plain(it) !== "");
  const fresh = blocks(signature(to)).filter((it) => plain(it) !== "" || it.querySelector("img"));
  let at = old.length === 0 ? -1 : all.findIndex((_, index) => old.every((it, step) => plain(all[index + step]) === plain(it)));
  let length = old.length;
  if (at < 0) {
    const quote = all.findIndex((it) => it.tagName === "BLOCKQUOTE");
    // The line that says who wrote stands before it.
    at = quote < 0 ? all.length : Math.max(quote - 1, 0);
    length = 0;
  }
  all.splice(at, length, ...fresh);
  return all.map((it) => it.outerHTML).join("");
}
