import { expect, test } from "vitest";
import { conditionsOf, type RetentionRule, typedRule } from "./retention";

const rule: RetentionRule = { name: "old-junk", days: 30, folder: "Junk", label: null, from: null, larger_mib: 20, group: null, flagged_too: false, off: true, by: "s@trade.test", last_run: null };

test("a rule stands in its form as it is, and says its conditions alone", () => {
  expect(typedRule(rule)).toEqual({ name: "old-junk", days: "30", folder: "Junk", label: "", from: "", larger_mib: "20", group: "", flagged_too: false, off: true });
  expect(conditionsOf(rule)).toEqual([["folder", "Junk"], ["larger_mib", "20 MiB"]]);
});
