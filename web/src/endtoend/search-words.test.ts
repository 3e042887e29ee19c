import { expect, test } from "vitest";
import { split } from "../mail/search";
import { folded, isMeant, wordsOf } from "./search-words";

const message = {
  from: folded("Zoë Li li@trade.test"),
  to: folded("mo@trade.test"),
  subject: folded("冬季报价 Winter price"),
  body: folded("Das Maß der Ventile\nist DN 80. offer-2027.xlsx"),
};

test.each([
  ["winter", true],
  ["季报", true],
  ["ｗｉｎｔｅｒ", true],
  ["zoe", true],
  ["summer", false],
  ['"ventile ist"', true],
  ['"ist ventile"', false],
  ["winter 2027", true],
  ["winter summer", false],
  ["summer OR winter", true],
  ["-summer", true],
  ["-winter", false],
  ["subject:winter", true],
  ["body:winter", false],
  ["from:zoe to:mo", true],
  ["winter is:unread", false],
  ["", false],
])("%s", (typed, meant) => {
  expect(isMeant(message, wordsOf(split(typed)))).toBe(meant);
});

test("what only the server knows is told", () => {
  expect(wordsOf(split("winter is:unread larger:2M")).unknown).toEqual(["is", "larger"]);
});
