import { expect, test } from "vitest";
import type { Label, Mailbox } from "../jmap/types";
import { searchFor } from "../labels/label";
import { BadSearch, filterOf } from "./search";

const boxes = [
  { id: "m1", name: "INBOX", role: "inbox" },
  { id: "m2", name: "Müller GmbH", role: null },
] as Mailbox[];
const labels = [
  { id: "l1", name: "Urgent", color: "red", sortOrder: 0, keyword: "urgent" },
  { id: "l2", name: '等待 "回复"', color: "blue", sortOrder: 0, keyword: "tw-label-2" },
];
const filter = (text: string) => filterOf(text, { mailboxes: boxes, labels, roleName: (role) => (role === "inbox" ? "收件箱" : role) });

test.each([
  ["", {}],
  ["invoice", { text: "invoice" }],
  ["发票 金额", { operator: "AND", conditions: [{ text: "发票" }, { text: "金额" }] }],
  ['from:anna subject:"bill of lading"', { operator: "AND", conditions: [{ from: "anna" }, { subject: "bill of lading" }] }],
  ["from:张", { from: "张" }],
  ["-from:anna", { operator: "NOT", conditions: [{ from: "anna" }] }],
  ["a OR b c", { operator: "AND", conditions: [{ operator: "OR", conditions: [{ text: "a" }, { text: "b" }] }, { text: "c" }] }],
  ["OR a", { text: "a" }],
  ["label:urgent", { hasKeyword: "urgent" }],
  [searchFor(labels[1] as Label), { hasKeyword: "tw-label-2" }],
  ["a OR", { text: "a" }],
  ["has:attachment is:unread", { operator: "AND", conditions: [{ hasAttachment: true }, { notKeyword: "$seen" }] }],
  ["in:收件箱", { inMailbox: "m1" }],
  ['in:"müller gmbh"', { inMailbox: "m2" }],
  ["larger:5m smaller:1.5k", { operator: "AND", conditions: [{ minSize: 5_000_000 }, { maxSize: 1500 }] }],
  ["https://trade.test/x", { text: "https://trade.test/x" }],
  ["“提单 号”", { text: "提单 号" }],
])("%s", (text, wanted) => {
  expect(filter(text)).toEqual(wanted);
});

test("days begin where the reader is", () => {
  expect(filter("after:2026-03-31")).toEqual({ after: new Date(2026, 2, 31).toISOString().replace(".000Z", "Z") });
});

test.each([
  ["in:nowhere", "search.unknown-folder"],
  ["before:yesterday", "search.bad-date"],
  ["before:2026-02-31", "search.bad-date"],
  ["larger:big", "search.bad-size"],
  ["is:odd", "search.bad-word"],
])("%s is refused", (text, key) => {
  expect(() => filter(text)).toThrow(BadSearch);
  try {
    filter(text);
  } catch (error) {
    expect((error as BadSearch).key).toBe(key);
  }
});
