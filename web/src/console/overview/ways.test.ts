import { expect, test } from "vitest";
import { SCREENS } from "../all-screens";
import { wayTo } from "./ways";

const paths = SCREENS.filter(({ isPlace }) => isPlace).map(({ path }) => path);

test("a number leads to its rows, and to nowhere that somebody may not go", () => {
  expect(wayTo({ kind: "action", name: "queue-list" }, paths)).toBe("/queue");
  expect(wayTo({ kind: "action", name: "queue-list" }, [])).toBe(undefined);
  expect(wayTo({ kind: "action", name: "no-such-list" }, paths)).toBe(undefined);
});
