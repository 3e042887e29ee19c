import { expect, test } from "vitest";
import { spanOf } from "../kit/span";
import { drift, inSpan, isThin, type QualityDay, sumOf } from "./quality";

const day = (right: number, wrong: number, missed: number): QualityDay => ({ judged: 100, stopped: 50, rightly_stopped: right, wrongly_stopped: wrong, missed, rightly_let: 0 });

test("few words of people say nothing", () => {
  expect(isThin(day(10, 1, 1))).toBe(true);
  expect(isThin(day(18, 1, 1))).toBe(false);
});

test("the newer half is compared with the older", () => {
  expect(drift([day(20, 0, 0), day(10, 5, 5)])).toBe(0.5);
  expect(drift([day(10, 5, 5), day(20, 0, 0)])).toBe(-0.5);
  expect(drift([day(1, 0, 0), day(20, 0, 0)])).toBe(undefined);
  expect(drift([])).toBe(undefined);
});

test("days of a span are all there, and no others", () => {
  const days = ["2026-11-20", "2026-11-26", "2026-11-28"].map((name) => ({ ...day(2, 1, 1), day: `${name}T00:00:00Z` }));
  const now = new Date(2026, 10, 28, 12);
  const own = inSpan(days, spanOf({ days: "own", since: "2026-11-25", until: "2026-11-27" }, "7", now));
  expect(own.map((it) => [it.day.slice(0, 10), it.judged])).toEqual([["2026-11-25", 0], ["2026-11-26", 100], ["2026-11-27", 0]]);
  expect(sumOf(own)).toMatchObject({ judged: 100, precision: 2 / 3, recall: 2 / 3 });
  expect(inSpan(days, spanOf({ days: "1" }, "7", now)).map((it) => it.day.slice(0, 10))).toEqual(["2026-11-27", "2026-11-28"]);
  expect(inSpan(days, spanOf({ days: "own", since: "2026-11-01", until: "2026-11-03" }, "7", now))).toEqual([]);
  expect(sumOf([])).toMatchObject({ precision: null, recall: null });
});
