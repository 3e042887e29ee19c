import { expect, test } from "vitest";
import { judge } from "./steps";

const states = (known: Parameters<typeof judge>[0]) => Object.fromEntries(judge(known).map(({ step, state }) => [step, state]));

test("a fresh server has everything before it", () => {
  expect(states({ domains: [], people: [{ address: "a@x.test", role: "admin" }], missing: [{}], level: "basic", lacks: ["none"] })).toEqual({ domain: "open", people: "open", officer: "open", factors: "open", level: "optional", backups: "open", import: "optional" });
});

test("what is there is done, and what cannot be seen is not judged", () => {
  const people = [{ address: "a@x.test", role: "admin" }, { address: "s@x.test", role: "security" }];
  expect(states({ domains: [{ domain: "x.test" }], seen: [{ kind: "MX", object: "x.test", state: "sound" }], people, missing: [], level: "trade", lacks: [], reached: true, came: false })).toEqual({ domain: "done", dns: "done", people: "done", officer: "done", factors: "done", level: "done", backups: "done", "mail-out": "done", "mail-in": "open", import: "optional" });
  expect(judge({ level: "basic" }).map(({ step }) => step)).toEqual(["level"]);
});

test("the first record that lacks is named, and leads to its domain", () => {
  const [, dns] = judge({ domains: [{ domain: "x.test" }], seen: [{ kind: "MX", object: "x.test", state: "sound" }, { kind: "SPF", object: "x.test", state: "wrong" }], level: "basic" });
  expect(dns).toEqual({ step: "dns", state: "open", to: "/domains/x.test", values: { wrong: 1, all: 2, first: "SPF" } });
});
