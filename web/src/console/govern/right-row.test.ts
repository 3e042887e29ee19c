import { expect, test } from "vitest";
import { readBecause, readRow } from "./right-row";

test("a row is read from its words, and a reason before it", () => {
  const row = { role: "security", effect: "allow", action: "policy.change", scope: "organisation" };
  expect(readRow("security allow policy.change organisation")).toEqual(row);
  expect(readRow("grant 12")).toBe(undefined);
  expect(readBecause("a row denies it: everyone deny role.give own")).toEqual({ reason: "a row denies it", row: { role: "everyone", effect: "deny", action: "role.give", scope: "own" } });
  expect(readBecause("no row allows it")).toEqual({ reason: "no row allows it", row: undefined });
  expect(readBecause("security allow policy.change organisation")).toEqual({ reason: "", row });
});
