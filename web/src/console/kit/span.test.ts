import { expect, test } from "vitest";
import { between, counted, isWithin, spanOf } from "./span";

const now = new Date(2026, 10, 28, 12, 30);
const at = (...parts: [number, number, number, number?, number?]) => new Date(...parts).toISOString();

test("a span ends now, or with the last day of one's own", () => {
  expect(spanOf({}, "7", now)).toEqual({ since: new Date(2026, 10, 22), until: undefined, bars: 7, unit: "day", back: 7 });
  expect(spanOf({ days: "1" }, "7", now)).toEqual({ since: new Date(2026, 10, 27, 13), until: undefined, bars: 24, unit: "hour", back: 1 });
  expect(spanOf({ days: "own", since: "2026-11-01", until: "2026-11-03" }, "7", now)).toEqual({ since: new Date(2026, 10, 1), until: new Date(2026, 10, 4), bars: 3, unit: "day", back: 28 });
});

test("what makes no sense is the nearest that does", () => {
  expect(spanOf({ days: "many" }, "30", now).bars).toBe(30);
  expect(spanOf({ days: "own" }, "7", now)).toEqual({ since: new Date(2026, 10, 22), until: new Date(2026, 10, 29), bars: 7, unit: "day", back: 7 });
  expect(spanOf({ days: "own", since: "2026-11-09", until: "2026-11-03" }, "7", now).bars).toBe(1);
  expect(spanOf({ days: "own", since: "2001-01-01", until: "2026-11-03" }, "7", now).bars).toBe(400);
});

test("the server is told moments", () => {
  const span = spanOf({ days: "own", since: "2026-11-01", until: "2026-11-03" }, "7", now);
  expect(between(span)).toEqual({ since: `${at(2026, 10, 1).slice(0, 19)}Z`, until: `${at(2026, 10, 4).slice(0, 19)}Z` });
  expect([at(2026, 9, 31, 23, 59), at(2026, 10, 1), at(2026, 10, 3, 23), at(2026, 10, 4)].map((it) => isWithin(span, it))).toEqual([false, true, true, false]);
});

test("each thing counts in its own bar, and none from outside the span", () => {
  const days = spanOf({ days: "own", since: "2026-11-26", until: "2026-11-28" }, "7", now);
  const things = [{ at: at(2026, 10, 28, 0, 1), n: 2 }, { at: at(2026, 10, 27, 23, 59), n: 3 }, { at: at(2026, 10, 20), n: 9 }];
  const { labels, sums } = counted(things, days, "en-GB", (it) => it.at, ({ n }) => [n, 1]);
  expect(labels).toEqual(["26 Nov 2026", "27 Nov 2026", "28 Nov 2026"]);
  expect(sums).toEqual([[0, 3, 2], [0, 1, 1]]);
  const hours = counted([{ at: at(2026, 10, 28, 12, 5) }, { at: at(2026, 10, 27, 12, 59) }], spanOf({ days: "1" }, "7", now), "en-GB", (it) => it.at, () => [1]);
  expect(hours.labels).toHaveLength(24);
  expect(hours.labels[23]).toBe("28 Nov, 12:00");
  expect(hours.sums[0]).toEqual([...Array.from({ length: 23 }, () => 0), 1]);
});
