// Parts of a message that is answered which the editor has no words of its own for: they are kept as they are, and their text can be
// changed.

import { Node } from "@tiptap/react";

/** Attributes of tables that are kept. Styles are not: the page's policy takes none. */
const KEPT = ["align", "valign", "bgcolor", "width", "border", "cellpadding", "cellspacing", "colspan", "rowspan"];

const attributes = () =>
  Object.fromEntries(KEPT.map((name) => [name, { default: null, parseHTML: (element: HTMLElement) => element.getAttribute(name), renderHTML: (all: Record<string, unknown>) => (all[name] ? { [name]: all[name] } : {}) }]));

const Table = Node.create({
  name: "table",
  group: "block",
  content: "tableRow+",
  isolating: true,
  addAttributes: attributes,
  parseHTML: () => [{ tag: "table" }],
  renderHTML: ({ HTMLAttributes }) => ["table", HTMLAttributes, ["tbody", 0]],
});

const TableRow = Node.create({
  name: "tableRow",
  content: "(tableCell | tableHeader)+",
  addAttributes: attributes,
  parseHTML: () => [{ tag: "tr" }],
  renderHTML: ({ HTMLAttributes }) => ["tr", HTMLAttributes, 0],
});

const TableCell = Node.create({
  name: "tableCell",
  content: "block+",
  isolating: true,
  addAttributes: attributes,
  parseHTML: () => [{ tag: "td" }],
  renderHTML: ({ HTMLAttributes }) => ["td", HTMLAttributes, 0],
});

const TableHeader = Node.create({
  name: "tableHeader",
  content: "block+",
  isolating: true,
  addAttributes: attributes,
  parseHTML: () => [{ tag: "th" }],
  renderHTML: ({ HTMLAttributes }) => ["th", HTMLAttributes, 0],
});

/** A picture that lies in the message itself (RFC 2392). */
const Picture = Node.create({
  name: "picture",
  group: "inline",
  inline: true,
  addAttributes: () => ({ src: { default: null }, alt: { default: null }, width: { default: null }, height: { default: null }, "data-cid": { default: null } }),
  parseHTML: () => [{ tag: "img[data-cid]" }],
  renderHTML: ({ HTMLAttributes }) => ["img", HTMLAttributes],
});

export const KEPT_NODES = [Table, TableRow, TableCell, TableHeader, Picture];
