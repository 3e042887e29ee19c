import { expect, test } from "vitest";
import { proposer } from "./case-screen";
import { aboutOf } from "./cases-screen";

test("who has proposed is the last who did, while nobody has agreed", () => {
  const proposed = (who: string | null) => ({ time: "", who, what: "proposed", note: "" });
  expect(proposer({ state: "open", events: [] })).toBe(undefined);
  expect(proposer({ state: "proposed", events: [proposed("a@x.test"), { time: "", who: "b@x.test", what: "noted", note: "" }] })).toBe("a@x.test");
  expect(proposer({ state: "proposed", events: [proposed(null)] })).toBe("");
  expect(proposer({ state: "honest", events: [proposed("a@x.test")] })).toBe(undefined);
});

test("a case says what it is about", () => {
  expect(aboutOf({ direction: "in", action: "hold" })).toBe("cases.about-held");
  expect(aboutOf({ direction: "in", action: "warn" })).toBe("cases.about-delivered");
  expect(aboutOf({ direction: "account", action: "watch" })).toBe("cases.about-account");
});
