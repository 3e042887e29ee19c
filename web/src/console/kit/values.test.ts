import { expect, test } from "vitest";
import { faultyField, valueOf } from "./values";

test("what may be empty is nothing then; lines are a list; numbers are numbers", () => {
  expect(valueOf({ isOptional: true }, " ")).toBe(null);
  expect(valueOf({}, " a ")).toBe("a");
  expect(valueOf({ kind: "lines" }, "a\n\n b \n")).toEqual(["a", "b"]);
  expect(valueOf({ kind: "number" }, "12")).toBe(12);
  expect(valueOf({ kind: "switch" }, false)).toBe(false);
});

test("the server's words are about the field whose value they name", () => {
  const values = { address: "anna@nowhere.test", name: "Anna", role: "sales" };
  const names = Object.keys(values);
  expect(faultyField("no domain nowhere.test here for anna@nowhere.test", names, values)).toBe("address");
  expect(faultyField("missing field `role`", names, values)).toBe("role");
  expect(faultyField("the store is full", names, values)).toBe(undefined);
  expect(faultyField("the name is empty or longer than 1000 octets", names, values)).toBe("name");
  expect(faultyField("classification public cannot be kept by a rule on view", ["class", "to"], { class: "x", to: "y" })).toBe("class");
  expect(faultyField("b@c.test is an account of another organisation; open a request for each", ["language", "addresses"], { language: "en", addresses: "a@c.test\nb@c.test" })).toBe("addresses");
  expect(faultyField("today is no day", ["class", "to"], { class: "x", to: "y" })).toBe(undefined);
});
