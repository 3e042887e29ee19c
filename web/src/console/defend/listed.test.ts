import { expect, test } from "vitest";
import { holdsFor, kindOf } from "./listed";

test("what is typed says what it is", () => {
  expect(kindOf("a@b.test")).toBe("address");
  expect(kindOf("b.test")).toBe("domain");
  expect(kindOf("192.0.2.0/24")).toBe("network");
  expect(kindOf("2001:db8::/32")).toBe("network");
  expect(kindOf("k1._domainkey.b.test")).toBe("key");
});

test("an entry that ends soon is told of", () => {
  const now = new Date("2026-11-28T00:00:00Z");
  expect(holdsFor({ expires: null }, now)).toBe("ever");
  expect(holdsFor({ expires: "2026-12-01T00:00:00Z" }, now)).toBe("soon");
  expect(holdsFor({ expires: "2027-12-01T00:00:00Z" }, now)).toBe("long");
  expect(holdsFor({ expires: "2026-11-01T00:00:00Z" }, now)).toBe("over");
});
