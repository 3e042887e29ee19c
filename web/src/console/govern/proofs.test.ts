import { expect, test } from "vitest";
import { rowOf } from "./proofs";

test("an item tells why by the checks that make it so, and one that passed tells nothing", () => {
  const checks = [
    { check: "at-rest", state: "failed" as const, why: ["keys are old"] },
    { check: "retention", state: "needs-a-person" as const, why: ["look at the rules"] },
  ];
  expect(rowOf({ item: "5", title: "Principles", state: "failed", person: null, checks }).why).toEqual(["keys are old"]);
  expect(rowOf({ item: "13", title: "Notice", state: "needs-a-person", person: "the notice", checks: [] }).why).toEqual([]);
  expect(rowOf({ check: "clock", title: "The clock is right", state: "passed", why: ["The clock is right"], since: "2026-11-01T00:00:00Z" }).why).toEqual([]);
});
