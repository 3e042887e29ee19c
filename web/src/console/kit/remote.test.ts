import { expect, test } from "vitest";
import { csv, holdsWords, inDays, type Load, upTo } from "./remote";

test("cells keep commas, quotes and lines, and are no formulas", () => {
  expect(csv([["a,b", 'say "x"'], ["=1+1", "-5.20"]])).toBe('\uFEFF"a,b","say ""x"""\r\n"\'=1+1","-5.20"\r\n');
});

test("a row fits if it has every word, in any letter case", () => {
  const row = { address: "Anna@trade.test", aliases: ["sales@trade.test"] };
  expect(holdsWords(row, { search: "anna SALES" })).toBe(true);
  expect(holdsWords(row, { search: "anna bob" })).toBe(false);
  expect(holdsWords(row, {})).toBe(true);
});

test("days are those of whoever looks, and the last one counts whole", () => {
  const { since = "", until = "", ...rest } = inDays({ since: "2026-11-27", until: "2026-11-27", search: "x" });
  expect(Date.parse(until) - Date.parse(since)).toBe(86_400_000);
  expect(new Date(since).getDate()).toBe(27);
  expect(since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(rest).toEqual({ search: "x" });
  expect(inDays({ since: "no day" })).toEqual({ since: "no day" });
});

test("pages are put together up to what is wanted", async () => {
  const load: Load<number> = async ({ cursor, limit }) => {
    const from = Number(cursor ?? 0);
    return { items: Array.from({ length: Math.min(limit, 1200 - from) }, (_, index) => from + index), next: from + limit < 1200 ? String(from + limit) : null };
  };
  expect(await upTo(load, {}, 1000)).toMatchObject({ items: { length: 1000 }, isMore: true });
  expect(await upTo(load, {}, 5000)).toMatchObject({ items: { length: 1200 }, isMore: false });
  expect(await upTo(async () => ({ items: [], next: null }), {}, 10)).toEqual({ items: [], isMore: false });
});
