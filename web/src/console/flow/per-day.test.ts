import { expect, test } from "vitest";
import { perDay } from "./per-day";

test("each thing counts on its own day, and none from outside the span", () => {
  const now = new Date(2026, 10, 28, 0, 30);
  const things = [{ at: new Date(2026, 10, 28, 0, 1).toISOString(), n: 2 }, { at: new Date(2026, 10, 27, 23, 59).toISOString(), n: 3 }, { at: new Date(2026, 10, 20).toISOString(), n: 9 }];
  const { labels, sums } = perDay(things, 3, now, "en-GB", ({ at }) => at, ({ n }) => [n, 1]);
  expect(labels).toEqual(["26 Nov", "27 Nov", "28 Nov"]);
  expect(sums).toEqual([[0, 3, 2], [0, 1, 1]]);
});
