import { expect, test } from "vitest";
import { type Report, recipientsOf, typedOf, zones } from "./report";

const report: Report = {
  id: "1f",
  name: "Board",
  rhythm: "monthly",
  hour: 0,
  time_zone: "Factory",
  recipients: [
    { address: "wang@trade.test", language: "zh", here: true },
    { address: "boss@holding.test", language: "en", here: false },
    { address: "li@trade.test", language: "zh", here: true },
  ],
  next: "2026-12-01T00:00:00Z",
  last: null,
};

test("what is kept is typed by language, and read back", () => {
  const typed = typedOf(report);
  expect(typed).toMatchObject({ hour: "0", recipients: "wang@trade.test\nli@trade.test", "recipients-en": "boss@holding.test" });
  expect(recipientsOf({ recipients: ["wang@trade.test"], "recipients-en": ["boss@holding.test"] })).toEqual([
    { address: "wang@trade.test", language: "zh" },
    { address: "boss@holding.test", language: "en" },
  ]);
  expect(recipientsOf({ recipients: null })).toEqual([]);
});

test("the zone that is set can be chosen, whatever the browser knows", () => {
  const names = zones(report.time_zone).map(([name]) => name);
  expect(names).toContain("Factory");
  expect(names).toContain("UTC");
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain(typedOf().time_zone);
});
