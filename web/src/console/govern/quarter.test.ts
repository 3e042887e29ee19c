import { expect, test } from "vitest";
import { isOver, quarters } from "./quarter";

test("quarters go back over the end of a year", () => {
  const now = new Date("2026-02-03T00:00:00Z");
  expect(quarters(now, 3)).toEqual(["2026-Q1", "2025-Q4", "2025-Q3"]);
  expect(isOver("2026-Q1", now)).toBe(false);
  expect(isOver("2025-Q4", now)).toBe(true);
});
