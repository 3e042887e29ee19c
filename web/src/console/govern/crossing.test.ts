import { expect, test } from "vitest";
import { type CrossingRule, standing, towards } from "./crossing";

const rule = (ends: string): CrossingRule => ({ name: "to-eu", kind: "delivery", from: "cn", to: "region:eu", classification: "internal", encryption: "tls", basis: "scc", reference: "x", ends, by: "s" });
const now = Date.parse("2026-11-27T00:00:00Z");

test("a rule is over from its end on, and worth a look a month before", () => {
  expect(standing(rule("2026-11-27T00:00:00Z"), now)).toBe("over");
  expect(standing(rule("2026-12-20T00:00:00Z"), now)).toBe("soon");
  expect(standing(rule("2027-12-31T00:00:00Z"), now)).toBe("on");
});

test("where a rule lets something go", () => {
  expect(towards("country:DE")).toEqual({ kind: "country", name: "DE" });
  expect(towards("domain:partner.example")).toEqual({ kind: "domain", name: "partner.example" });
  expect(towards("region:eu")).toEqual({ kind: "region", name: "eu" });
});
