import { expect, test } from "vitest";
import { faultyLine, linesOf, written } from "./role";

test("the rights of a role are read and written again", () => {
  const what = "allow account.read organisation; deny mail.send own";
  expect(linesOf(what).map(written).join("; ")).toBe(what);
  expect(linesOf("")).toEqual([]);
});

test("the server's words are about the line whose right they name", () => {
  const lines = linesOf("allow account.read organisation; allow mail.read organisation");
  expect(faultyLine("mail.read cannot be given on what is another's", lines)).toBe(1);
  expect(faultyLine("a role has 1 to 200 rows, not 0", lines)).toBe(-1);
});
