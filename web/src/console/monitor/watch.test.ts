import { expect, test } from "vitest";
import { byDay, countriesOf, isUnanswered, periods, type SignIn } from "./watch";

const event = (over: Partial<SignIn>): SignIn => ({ id: "1", time: "2026-11-27T10:00:00", outcome: "accepted", answer: "pass", from: "192.0.2.1", country: null, by: "web/password", said: "", spot: null, account: "a@x.test", ...over });

test("days end today, those without sign-ins too", () => {
  const now = new Date(2026, 10, 28, 12);
  expect(byDay([event({}), event({ outcome: "wrong" })], 3, now)).toEqual([
    { day: "2026-11-26", well: 0, not: 0 },
    { day: "2026-11-27", well: 1, not: 1 },
    { day: "2026-11-28", well: 0, not: 0 },
  ]);
});

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
