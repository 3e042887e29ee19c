// Warnings at the line itself: what a finding is about is marked in the text, and what was found stands below it.

import type { Mark, Verdict } from "../jmap/types";
import { targetOf } from "./links";

/** Marks of one message. */
const MARKS_MAX = 12;

const MARKED = "background: #fdf0d5 !important; color: #6b3d00 !important; outline: 1px solid #b7791f !important";
const NOTE =
  "display: block !important; visibility: visible !important; opacity: 1 !important; margin: 2px 0 4px !important; font: 600 13px/1.4 system-ui !important; color: #a4262c !important; background: #fff !important; white-space: normal !important";

/** The text of a body without its white space, and where each character stands. */
function folded(body: HTMLElement): { text: string; at: [Text, number][] } {
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  const at: [Text, number][] = [];
  let text = "";
  for (let node = walker.nextNode() as Text | null; node; node = walker.nextNode() as Text | null) {
    if (node.parentElement?.tagName === "STYLE") continue;
    for (let unit = 0; unit < node.data.length; unit += 1) {
      const letter = node.data.charAt(unit);
      if (/\s/.test(letter)) continue;
      text += letter;
      at.push([node, unit]);
    }
  }
  return { text, at };
}

/** The text nodes that hold a text, each with the piece of it that belongs to the text. */
function find(body: HTMLElement, wanted: string): [Text, number, number][] {
  const bare = wanted.replace(/\s+/g, "");
  if (bare === "") return [];
  const { text, at } = folded(body);
  const start = text.indexOf(bare);
  if (start < 0) return [];
  const pieces = new Map<Text, [number, number]>();
  for (const [node, place] of at.slice(start, start + bare.length)) {
    const known = pieces.get(node);
    pieces.set(node, [Math.min(known?.[0] ?? place, place), Math.max(known?.[1] ?? place, place)]);
  }
  return [...pieces].map(([node, [first, last]]) => [node, first, last + 1]);
}

function marked(body: HTMLElement, mark: Mark): HTMLElement | undefined {
  if (mark.kind === "link") {
    const url = mark.url === undefined ? undefined : targetOf(mark.url)?.url;
    const link = [...body.querySelectorAll("a")].find((it) => it.title !== "" && (it.title === url || it.getAttribute("href") === mark.url));
    link?.setAttribute("style", MARKED);
    return link;
  }
  let last: HTMLElement | undefined;
  for (const [node, from, to] of find(body, mark.text)) {
    const rest = node.splitText(from);
    rest.splitText(to - from);
    last = body.ownerDocument.createElement("mark");
    last.setAttribute("style", MARKED);
    rest.replaceWith(last);
    last.append(rest);
  }
  return last;
}

/** Marks what the findings are about, each with its sentence behind the first of its places. */
export function tellMarks(body: HTMLElement, findings: Verdict["findings"]): void {
  let left = MARKS_MAX;
  for (const { text, weight, marks } of findings) {
    if (weight <= 0) continue;
    let isTold = false;
    for (const mark of marks ?? []) {
      if (left <= 0 || mark.kind === "address") continue;
      const place = marked(body, mark);
      if (!place) continue;
      left -= 1;
      place.title = text;
      if (isTold) continue;
      isTold = true;
      const note = body.ownerDocument.createElement("span");
      note.setAttribute("style", NOTE);
      note.setAttribute("dir", "auto");
      note.textContent = text;
      place.after(note);
    }
  }
}
