import { expect, test } from "vitest";
import { deedsOf, type Grant } from "./grant";

const grant: Grant = { grant: "1", mail_of: "owner@trade.test", asked_by: "asker@trade.test", second_person: null, state: "asked", reason: "", asked: "", hours: 1, until: "", mailboxes: [], hold: null, owner_told: null };
const all = () => true;
const none = () => false;

test("neither who asks for a grant nor whose mail it is decides about it", () => {
  expect(deedsOf(grant, "asker@trade.test", all).decide).toBe(false);
  expect(deedsOf(grant, "owner@trade.test", all).decide).toBe(false);
  expect(deedsOf(grant, "second@trade.test", all).decide).toBe(true);
  expect(deedsOf(grant, "second@trade.test", none).decide).toBe(false);
});

test("who asked for a grant reads by it as long as it is in force, and gives it back", () => {
  const given: Grant = { ...grant, state: "approved" };
  expect(deedsOf(given, "asker@trade.test", none)).toEqual({ decide: false, end: true, lift: false, read: true });
  expect(deedsOf({ ...given, state: "over" }, "asker@trade.test", all)).toEqual({ decide: false, end: false, lift: false, read: false });
});
