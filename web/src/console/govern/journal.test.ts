import { expect, test } from "vitest";
import { conditionsOf, isWanted, type JournalRule } from "./journal";

const rule: JournalRule = { name: "trade-law", days: 1826, reason: "HGB 257", account: null, group: "sales@trade.test", with: null, direction: "out", by_law: true, report_to: null, begun: "2026-11-28T03:00:00Z", by: "s@trade.test", ended: null, ended_by: "", ended_reason: "" };

test("a rule says its conditions alone", () => {
  expect(conditionsOf(rule)).toEqual([["group", "sales@trade.test"], ["direction", "out"]]);
  expect(conditionsOf({ ...rule, group: null, direction: null })).toEqual([]);
});

test("rules are found by what they say and by whether they are in force", () => {
  const ended = { ...rule, ended: "2026-12-01T03:00:00Z" };
  expect([isWanted(rule, {}), isWanted(rule, { state: "on" }), isWanted(rule, { state: "ended" }), isWanted(ended, { state: "ended" })]).toEqual([true, true, false, true]);
  expect([isWanted(rule, { search: "hgb SALES" }), isWanted(rule, { search: "hgb customs" })]).toEqual([true, false]);
});
