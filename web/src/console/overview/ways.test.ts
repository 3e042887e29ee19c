import { expect, test } from "vitest";
import { SCREENS } from "../all-screens";
import { WAYS_TO, wayTo, wayToNumber } from "./ways";

const paths = SCREENS.filter(({ isPlace }) => isPlace).map(({ path }) => path);

test("a number leads to its rows, and to nowhere that somebody may not go", () => {
  expect(wayTo({ kind: "action", name: "queue-list" }, paths)).toBe("/queue");
  expect(wayTo({ kind: "action", name: "queue-list" }, ["/"])).toBe(undefined);
  expect(wayTo({ kind: "action", name: "no-such-list" }, paths)).toBe(undefined);
  expect(wayTo({ kind: "action", name: "access-approval" }, ["/", "/access"])).toBe("/access/table");
  expect(wayTo({ kind: "settings", name: "tls" }, paths)).toBe("/settings?section=tls");
});

test("a number that is a part of a list leads to that part, as far back as it counts", () => {
  const now = new Date(2026, 10, 28, 12);
  expect(wayToNumber({ number: "junked", list: "judged-list" }, paths, now)).toBe("/trace?direction=in&verdict=junk&since=2026-11-21");
  expect(wayToNumber({ number: "queue", list: "queue-list" }, paths, now)).toBe("/queue");
  expect(wayToNumber({ number: "quarantined", list: "quarantine-list" }, ["/quarantine"], now)).toBe("/quarantine");
});

test("every way leads to a page that there is", () => {
  const all = SCREENS.map(({ path }) => path);
  expect(WAYS_TO.filter((to) => !all.includes(to))).toEqual([]);
  // And every place but the overview itself, and the guide that it stands beside, is led to.
  expect(paths.filter((path) => path !== "/" && path !== "/setup" && !WAYS_TO.includes(path))).toEqual([]);
});
