import { expect, test } from "vitest";
import { countriesOf, isUnanswered, periods, type SignIn } from "./watch";

const event = (over: Partial<SignIn>): SignIn => ({ id: "1", time: "2026-11-27T10:00:00", outcome: "accepted", answer: "pass", from: "192.0.2.1", country: null, by: "web/password", said: "", spot: null, account: "a@x.test", ...over });

test("an odd one that nobody spoke of waits for a word", () => {
  expect(isUnanswered(event({ answer: "tell" }))).toBe(true);
  expect(isUnanswered(event({ answer: "tell", said: "mine" }))).toBe(false);
  expect(isUnanswered(event({}))).toBe(false);
});

test("countries are told by how often they come", () => {
  expect(countriesOf([event({ country: "BR" }), event({ country: "CN" }), event({ country: "CN" }), event({})])).toEqual(["CN", "BR"]);
});

test("periods go back from the one that runs", () => {
  const now = new Date(2026, 0, 15);
  expect(periods("sign-ins", now, 3)).toEqual(["2026-01", "2025-12", "2025-11"]);
  expect(periods("access", now, 3)).toEqual(["2026-Q1", "2025-Q4", "2025-Q3"]);
});
