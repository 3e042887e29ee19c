import { expect, test } from "vitest";
import { type Card, nameOfCard, NOBODY, patchFor, personOf, timeThere } from "./card";

const card: Card = {
  id: "1",
  name: { components: [{ kind: "surname", value: "王" }, { kind: "given", value: "芳" }] },
  emails: { e1: { address: "wang@huadong.test", contexts: { work: true } } as never, e2: { address: "fang@home.test" } },
  organizations: { o: { name: "华东贸易", units: [{ name: "Sales" }] } as never },
  addresses: { a: { countryCode: "CN", timeZone: "Asia/Shanghai", full: "Ningbo" } },
};

test("a card is read as people see it", () => {
  expect(personOf(card)).toEqual({ name: "王芳", emails: ["wang@huadong.test", "fang@home.test"], phones: [], company: "华东贸易", title: "", country: "CN", zone: "Asia/Shanghai", note: "" });
  expect(nameOfCard({ id: "2", name: { components: [{ kind: "given", value: "Anna" }, { kind: "separator", value: " " }, { kind: "surname", value: "Berg" }] } })).toBe("Anna Berg");
  expect(nameOfCard({ id: "3", emails: { x: { address: "a@b.test" } } })).toBe("a@b.test");
});

test("only what was changed is written, and what else a card says stays", () => {
  const person = personOf(card);
  expect(patchFor(card, person)).toEqual({});
  expect(patchFor(card, { ...person, emails: ["wang@huadong.test", "w@new.test"] })).toEqual({
    emails: { e1: { address: "wang@huadong.test", contexts: { work: true } }, k1: { address: "w@new.test" } },
  });
  expect(patchFor(card, { ...person, company: "Huadong" })).toEqual({ organizations: { o: { name: "Huadong", units: [{ name: "Sales" }] } } });
  expect(patchFor(card, { ...person, country: "", zone: "" })).toEqual({ addresses: { a: { full: "Ningbo" } } });
  expect(patchFor({ id: "1", notes: { n: { note: "x" } } }, { ...NOBODY })).toEqual({ notes: null });
});

test("a new person becomes a card", () => {
  expect(patchFor(undefined, { ...NOBODY, name: "Anna Berg", emails: ["anna@partner.test"], country: "NO" })).toEqual({
    name: { full: "Anna Berg" }, emails: { k1: { address: "anna@partner.test" } }, addresses: { k1: { countryCode: "NO" } },
  });
});

test("the time there, and its day where that is another", () => {
  const noon = new Date("2026-11-27T12:00:00Z");
  expect(timeThere("Asia/Tokyo", noon, "en-GB")).toMatch(/21:00$/);
  expect(timeThere("Pacific/Kiritimati", noon, "en-GB")).toMatch(/^Sat.* 02:00$/);
  expect(timeThere("Nowhere/Here", noon, "en-GB")).toBeUndefined();
  expect(timeThere("", noon, "en-GB")).toBeUndefined();
});
