import { expect, test } from "vitest";
import { levelOf, rightsOf } from "./share";

test("levels are given as bundles of rights, and read from them", () => {
  expect(levelOf(rightsOf("read"))).toBe("read");
  expect(levelOf(rightsOf("write"))).toBe("write");
  expect(levelOf({ mayReadItems: true, mayAddItems: true, mayCreateChild: true })).toBe("whole");
  expect(rightsOf("write")).not.toHaveProperty("maySubmit");
});
