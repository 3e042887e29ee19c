import { expect, test } from "vitest";
import { csv, holdsWords } from "./remote";

test("cells keep commas, quotes and lines, and are no formulas", () => {
  expect(csv([["a,b", 'say "x"'], ["=1+1", "-5.20"]])).toBe('\uFEFF"a,b","say ""x"""\r\n"\'=1+1","-5.20"\r\n');
});

test("a row fits if it has every word, in any letter case", () => {
  const row = { address: "Anna@trade.test", aliases: ["sales@trade.test"] };
  expect(holdsWords(row, { search: "anna SALES" })).toBe(true);
  expect(holdsWords(row, { search: "anna bob" })).toBe(false);
  expect(holdsWords(row, {})).toBe(true);
});
