import { expect, test } from "vitest";
import { isLower } from "./policy";

test("a higher threshold protects less, and never protects least", () => {
  expect(isLower("junk", "0.9", "0.8")).toBe(true);
  expect(isLower("junk", "0.7", "0.8")).toBe(false);
  expect(isLower("refuse", "never", "0.998")).toBe(true);
  expect(isLower("unjudged", "warn", "junk")).toBe(true);
  expect(isLower("unjudged", "junk", "junk")).toBe(false);
});
