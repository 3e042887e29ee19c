import { expect, test } from "vitest";
import { heights, ticks } from "./scale";

test("lines are round numbers that reach the top", () => {
  expect(ticks(0)).toEqual([0, 1]);
  expect(ticks(3)).toEqual([0, 1, 2, 3]);
  expect(ticks(97)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticks(1234).at(-1)).toBeGreaterThanOrEqual(1234);
});

test("bars stand one above another", () => {
  expect(heights([2, 0, 3])).toEqual([[0, 2], [2, 2], [2, 5]]);
});
