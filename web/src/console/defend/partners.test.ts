import { expect, test } from "vitest";
import { type PartnerRow, partnersFrom } from "./partners";

const row = (number: number, partner: string): PartnerRow => ({ partner, domains: [partner], first: "", last: "", received: 1, sent: 1, people: 1, details: 0, merged_into: null, row: number });

test("pages are walked until enough rows fit, and the next begins behind the last", async () => {
  const all = Array.from({ length: 10 }, (_, index) => row(index + 1, index % 2 === 0 ? `even${index}.test` : `odd${index}.test`));
  const load = partnersFrom(async (after) => all.filter((it) => Number(it.row) > Number(after)).slice(0, 3));
  const first = await load({ filters: { search: "odd" }, cursor: null, limit: 2 });
  expect(first.items.map(({ partner }) => partner)).toEqual(["odd1.test", "odd3.test", "odd5.test"]);
  expect(first.next).toBe("6");
  const second = await load({ filters: { search: "odd" }, cursor: first.next, limit: 9 });
  expect(second.items.map(({ partner }) => partner)).toEqual(["odd7.test", "odd9.test"]);
  expect(second.next).toBe(null);
});
