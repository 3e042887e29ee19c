import { expect, test } from "vitest";
import { type Search, searchInWords } from "./investigation";

const search: Search = { search: 1, at: "", by: "", words: [], with: null, from: null, subject: null, since: null, before: null, custodians: 0, found: 0, new: 0, encrypted: 0, whole: true };
const t = (key: string) => (key === "protect.colon" ? ":" : (key.split(".").at(-1) ?? ""));

test("a search is told by its conditions alone", () => {
  expect(searchInWords({ ...search, words: ["bill of lading", "refund"], from: "far.example", since: "2026-01-31T00:00:00Z" }, t)).toBe("“bill of lading” · “refund” · from: far.example · since: 2026-01-31");
  expect(searchInWords(search, t)).toBe("");
});
