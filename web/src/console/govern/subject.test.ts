import { expect, test } from "vitest";
import { covers, isRestricted, urgency } from "./subject";

const NOW = Date.parse("2026-12-01T12:00:00Z");

test("a deadline is over, comes soon or later; what is closed has none", () => {
  expect(urgency({ state: "open", due: "2026-12-01T11:59:59Z" }, NOW)).toBe("over");
  expect(urgency({ state: "open", due: "2026-12-08T11:00:00Z" }, NOW)).toBe("soon");
  expect(urgency({ state: "open", due: "2026-12-09T12:00:00Z" }, NOW)).toBe("later");
  expect(urgency({ state: "done", due: "2026-11-01T00:00:00Z" }, NOW)).toBe("closed");
});

test("the last word on a restriction holds", () => {
  const step = (what: string) => ({ at: "", step: what, by: "", note: "" });
  expect(isRestricted({ steps: [step("opened")] })).toBe(false);
  expect(isRestricted({ steps: [step("restricted"), step("letter-sent")] })).toBe(true);
  expect(isRestricted({ steps: [step("restricted"), step("lifted")] })).toBe(false);
});

test("a hold covers an account, an address and its domain, or everything, for as long as it is on", () => {
  const hold = { ended: null, everyone: false, accounts: ["anna@trade.test"], with: "far.example" };
  expect(covers(hold, ["anna@trade.test"])).toBe(true);
  expect(covers(hold, ["chen@far.example"])).toBe(true);
  expect(covers(hold, ["chen@mail.far.example"])).toBe(true);
  expect(covers(hold, ["chen@notfar.example"])).toBe(false);
  expect(covers({ ...hold, everyone: true }, ["x@y.test"])).toBe(true);
  expect(covers({ ...hold, everyone: true, ended: "2026-11-01T00:00:00Z" }, ["x@y.test"])).toBe(false);
});
