import { expect, test } from "vitest";
import type { QueryChangesAnswer } from "../jmap/types";
import { changed, inverse, patchOf } from "./change";
import { MessageList, NEWEST_FIRST } from "./list";

const changes = (from: string, to: string, total: number, removed: string[], added: [string, number][]): QueryChangesAnswer => ({
  accountId: "a", oldQueryState: from, newQueryState: to, total, removed, added: added.map(([id, index]) => ({ id, index })),
});

const list = () => new MessageList({ filter: {}, sort: NEWEST_FIRST, collapseThreads: true });

test("random changes give the list that the server has", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 200; round += 1) {
    let server = Array.from({ length: random(30) }, (_, index) => `m${index}`);
    const shown = list();
    shown.take(0, server, server.length, "s0", true);
    for (let step = 1; step < 6; step += 1) {
      const before = server;
      const removed = server.filter(() => random(4) === 0);
      server = server.filter((id) => !removed.includes(id));
      const added: string[] = [];
      for (let count = random(4); count > 0; count -= 1) {
        // Something moved is both removed and added.
        const id = removed.length > 0 && random(2) === 0 ? (removed[random(removed.length)] ?? "") : `n${round}-${step}-${count}`;
        if (server.includes(id)) continue;
        server.splice(random(server.length + 1), 0, id);
        added.push(id);
      }
      const told = added.filter((id) => server.includes(id)).map((id): [string, number] => [id, server.indexOf(id)]);
      expect(before.length).toBeGreaterThanOrEqual(0);
      shown.apply(changes(`s${step - 1}`, `s${step}`, server.length, removed, told), 10);
      expect(shown.ids).toEqual(server);
    }
  }
});

test("what lies behind a gap stays where all that went is known", () => {
  const shown = list();
  const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
  shown.take(0, ids.slice(0, 10), 50, "s0", true);
  shown.take(30, ids.slice(30, 40), 50, "s0", true);
  shown.apply(changes("s0", "s1", 50, ["m3", "m33"], [["n", 0], ["o", 31]]), 10);
  const want = ["n", ...ids.filter((id) => id !== "m3" && id !== "m33")];
  want.splice(31, 0, "o");
  const isKnown = (id: string) => /^[no]$/.test(id) || Number(id.slice(1)) < 10 || (Number(id.slice(1)) >= 30 && Number(id.slice(1)) < 40);
  expect(shown.ids).toEqual(want.map((id) => (isKnown(id) ? id : undefined)));
  expect([...shown.pages]).toEqual([0, 3]);
});

test("what lies behind a gap is asked for again where something went in it", () => {
  const shown = list();
  const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
  shown.take(0, ids.slice(0, 10), 50, "s0", true);
  shown.take(30, ids.slice(30, 40), 50, "s0", true);
  shown.apply(changes("s0", "s1", 49, ["m3", "m20"], [["n", 0]]), 10);
  expect(shown.known()).toEqual(["n", "m0", "m1", "m2", "m4", "m5", "m6", "m7", "m8", "m9"]);
  expect(shown.ids?.slice(10)).toEqual(Array.from({ length: 39 }, () => undefined));
  expect([...shown.pages]).toEqual([0]);
});

test("a part of another state makes the rest unknown", () => {
  const shown = list();
  shown.take(0, ["a", "b"], 4, "s0", true);
  shown.take(2, ["c", "d"], 4, "s1", true);
  expect(shown.ids).toEqual([undefined, undefined, "c", "d"]);
});

test("changes show at once, go out as patches and can be undone", () => {
  const message = { keywords: { $seen: true as const }, mailboxIds: { in: true as const } };
  const change = { keywords: { $flagged: true, $seen: true, "a/b~": false }, mailboxes: { in: false, "x/y": true } };
  expect(changed(message, change)).toEqual({ keywords: { $seen: true, $flagged: true }, mailboxIds: { "x/y": true } });
  expect(patchOf(change)).toEqual({
    "keywords/$flagged": true, "keywords/$seen": true, "keywords/a~1b~0": null, "mailboxIds/in": null, "mailboxIds/x~1y": true,
  });
  const undo = inverse(message, change);
  expect(undo).toEqual({ keywords: { $flagged: false }, mailboxes: { in: true, "x/y": false } });
  expect(changed(changed(message, change), undo)).toEqual(message);
});
