import { expect, test } from "vitest";
import { drift, isThin, type QualityDay } from "./quality";

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
