import { expect, test } from "vitest";
import english from "./en.json";
import { faultOf, fresh, readRule, type Rule, tidy, WORDS, wordOf } from "./outbound-rule";
import { actionSays, conditionSays } from "./outbound-says";
import { IntlMessageFormat } from "intl-messageformat";

const rule: Rule = {
  name: "cards",
  priority: 20,
  mode: "enforce",
  direction: "outside",
  when: { all: [{ any: [{ detect: { what: "payment-card", min: 1 } }, { detect: { what: "iban", min: 3 } }] }, { "recipient-domain": { personal: true } }] },
  unless: { not: { label: ["public"] } },
  actions: ["justify", { approve: { by: { roles: ["management"] }, hours: 24 } }],
};

const t = (key: string, values: Record<string, unknown> = {}): string => {
  const message = key.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], english);
  return String(new IntlMessageFormat(typeof message === "string" ? message : key, "en").format(values as Record<string, string>));
};

test("the server's words about a rule stand at the part that they are about", () => {
  expect(faultOf("when.all[0].any[1].detect.min of the rule must be from 1 to 10000", rule)).toEqual({ at: "when.all[0].any[1]", text: "must be from 1 to 10000" });
  expect(faultOf("when.all of the rule is empty", rule)?.at).toBe("when");
  expect(faultOf("unless.not.label of the rule names no label", rule)?.at).toBe("unless.not");
  expect(faultOf("actions[1].approve.by.accounts of the rule names x, which is no account", rule)?.at).toBe("actions");
  expect(faultOf("scope.groups of the rule names \"x\"", rule)?.at).toBe("scope");
  expect(faultOf("priority: invalid value", rule)).toEqual({ at: "priority", text: "invalid value" });
  expect(faultOf("the organisation has 200 rules", rule)).toBe(undefined);
});

test("a rule is read from its JSON, and nothing else is", () => {
  expect(readRule(JSON.stringify(rule))).toEqual(rule);
  expect(readRule("no rule")).toBe(undefined);
  expect(readRule("{}")).toBe(undefined);
});

test("what says nothing is left out", () => {
  expect(tidy({ ...rule, scope: { accounts: [] }, stop: false })).toEqual(rule);
  expect(tidy({ ...rule, scope: { roles: ["sales"] } }).scope).toEqual({ roles: ["sales"] });
});

test("every condition that can be chosen has words of its own", () => {
  for (const word of WORDS) {
    const condition = fresh(word);
    expect(wordOf(condition)).toBe(word);
    expect(conditionSays(condition, t), word).not.toContain("outrule.");
  }
  const said = conditionSays(rule.when, t);
  expect(said).toContain("payment card");
  expect(said).toContain(" and ");
  expect(said).toContain(" or ");
  for (const action of rule.actions) expect(actionSays(action, t)).not.toContain("outrule.");
});
