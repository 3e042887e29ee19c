import { expect, test } from "vitest";
import { conditionOf, moved, typedOf, wrongAction } from "./rule";

test.each([
  [{ field: "from", op: "domainIs", values: ["acme.test", "acme.example"] }],
  [{ field: "size", op: "over", size: 2_500_000 }],
  [{ field: "attachment", op: "has" }],
  [{ field: "header", op: "is", header: "X-Kind", values: ["报价"] }],
])("%o comes back as it was", (condition) => expect(conditionOf(typedOf(condition))).toEqual(condition));

test("what cannot be is told", () => {
  expect(conditionOf({ field: "subject", op: "contains", header: "", text: " \n " })).toBe("rules.no-values");
  expect(conditionOf({ field: "size", op: "over", header: "", text: "much" })).toBe("rules.bad-size");
  expect(conditionOf({ field: "header", op: "is", header: " ", text: "x" })).toBe("rules.no-header");
  expect(wrongAction({ action: "move" })).toBe("rules.no-mailbox");
  expect(wrongAction({ action: "forward", address: "anna" })).toBe("rules.no-address");
  expect(wrongAction({ action: "archive" })).toBeUndefined();
});

test("rules change places", () => {
  expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
});
