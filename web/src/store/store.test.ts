import { expect, test } from "vitest";
import type { Id } from "../jmap/types";
import { FakeServer } from "./fake-server";
import { type ListQuery, type MessageList, NEWEST_FIRST } from "./list";
import { BODIES_MAX } from "./bodies";
import { MailStore, ROWS_MAX } from "./store";

const inbox: ListQuery = { filter: { inMailbox: "in" }, sort: NEWEST_FIRST, collapseThreads: true };
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

async function opened(count: number): Promise<{ server: FakeServer; store: MailStore; list: MessageList; errors: Error[] }> {
  const server = new FakeServer();
  for (let index = 0; index < count; index += 1) server.arrive(`m${index}`, "in", index);
  const errors: Error[] = [];
  const store = new MailStore(server, "a", (error) => errors.push(error));
  await store.start();
  const list = store.list(inbox);
  store.look(list, 0, 50);
  await settled();
  return { server, store, list, errors };
}

const archive = { mailboxes: { in: false, archive: true } };

test("a change shows at once, is sent, and can be undone", async () => {
  const { server, store, list } = await opened(3);
  expect(list.ids).toEqual(["m2", "m1", "m0"]);
  const work = store.change(["m1"], archive);
  expect(list.ids).toEqual(["m2", "m0"]);
  expect(store.summary("m1")?.mailboxIds).toEqual({ archive: true });
  expect(server.inBox("in")).toContain("m1");
  const undo = await work;
  expect(server.inBox("in")).toEqual(["m2", "m0"]);
  await undo();
  store.look(list, 0, 50);
  await settled();
  expect([list.ids, server.inBox("in")]).toEqual([["m2", "m1", "m0"], ["m2", "m1", "m0"]]);
});

test("what the server refuses is put back and told", async () => {
  const { server, store, list } = await opened(3);
  server.refuses = (id) => id === "m1";
  await expect(store.change(["m1"], archive)).rejects.toThrow("forbidden");
  store.look(store.list(inbox), 0, 50);
  await settled();
  expect(list.ids).toEqual(["m2", "m1", "m0"]);
  expect(store.summary("m1")?.mailboxIds).toEqual({ in: true });
});

test("without a connection nothing is lost, and it is told", async () => {
  const { server, store, list } = await opened(3);
  server.isReachable = false;
  await expect(store.change(["m1"], { keywords: { $seen: true } })).rejects.toThrow();
  expect([store.reached, store.summary("m1")?.keywords]).toEqual([false, {}]);
  server.isReachable = true;
  await store.refresh();
  expect([store.reached, list.ids]).toEqual([true, ["m2", "m1", "m0"]]);
});

test("what others do comes in by changes", async () => {
  const { server, store, list, errors } = await opened(3);
  server.arrive("m9", "in", 9);
  server.patch("m0", { "keywords/$seen": true });
  server.patch("m1", { "mailboxIds/in": null, "mailboxIds/archive": true });
  await store.refresh();
  expect(list.ids).toEqual(["m9", "m2", "m0"]);
  expect([store.summary("m9")?.subject, store.summary("m0")?.keywords, errors]).toEqual(["m9", { $seen: true }, []]);
});

test("where the server has forgotten, everything is read anew", async () => {
  const { server, store } = await opened(3);
  server.arrive("m9", "in", 9);
  server.trimmed = 1000;
  await store.refresh();
  const list = store.list(inbox);
  store.look(list, 0, 50);
  await settled();
  expect(list.ids).toEqual(["m9", "m2", "m1", "m0"]);
});

test("after random changes here and elsewhere the list is the server's", async () => {
  let seed = 11;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 20; round += 1) {
    const { server, store, list, errors } = await opened(5 + random(20));
    for (let step = 0; step < 15; step += 1) {
      const ids = [...server.emails.keys()];
      const id: Id = ids[random(ids.length)] ?? "m0";
      const elsewhere = server.emails.get(id)?.mailboxIds.in !== true;
      const work: Promise<unknown>[] = [];
      if (random(3) === 0) server.arrive(`n${round}-${step}`, "in", random(40));
      if (random(3) === 0) server.patch(id, { "mailboxIds/in": elsewhere || null, "mailboxIds/archive": elsewhere ? null : true });
      if (random(2) === 0) work.push(store.change([id], { mailboxes: { in: elsewhere, archive: !elsewhere } }));
      if (random(6) === 0) work.push(store.destroy([ids[random(ids.length)] ?? id]));
      if (random(2) === 0) store.wake();
      await Promise.allSettled(work);
    }
    await settled();
    await store.refresh();
    store.look(list, 0, 50);
    await settled();
    expect(list.ids, `round ${round}`).toEqual(server.inBox("in"));
    expect(errors).toEqual([]);
    for (const id of list.ids ?? []) expect(store.summary(id ?? "")?.mailboxIds).toEqual(server.emails.get(id ?? "")?.mailboxIds);
  }
});

test("a part that is read after a change leaves what is known in its place", async () => {
  const { server, store, list } = await opened(350);
  const all = server.inBox("in");
  server.patch("m349", { "keywords/$seen": true });
  store.look(list, 220, 240);
  await settled();
  expect(list.ids?.slice(0, 100)).toEqual(all.slice(0, 100));
  expect(list.ids?.slice(200, 300)).toEqual(all.slice(200, 300));
  expect(list.ids?.[150]).toBeUndefined();
  // And another, which tells what lies behind the gap where to go.
  server.arrive("new", "in", 1000);
  await store.refresh();
  expect([list.ids?.[0], list.ids?.[1], list.ids?.[201], list.length]).toEqual(["new", all[0], all[200], 351]);
});

test("rows that were read long ago are forgotten, and read again when they are looked at", async () => {
  const { store, list } = await opened(ROWS_MAX + 500);
  for (let first = 0; first < list.length; first += 100) {
    store.look(list, first, first + 50);
    await settled();
  }
  const known = () => list.ids?.filter((id) => id !== undefined && store.summary(id)).length ?? 0;
  expect(known()).toBeLessThanOrEqual(ROWS_MAX);
  expect(list.ids?.slice(0, 100)).not.toContain(undefined);
  expect(list.ids?.[150]).toBeUndefined();
  store.look(list, 150, 160);
  await settled();
  expect(store.summary(list.ids?.[150] ?? "")?.id).toBe(`m${ROWS_MAX + 500 - 151}`);
});

test("what is open stays while others are read ahead", async () => {
  const { store, list } = await opened(BODIES_MAX + 30);
  const ids = list.ids?.filter((id) => id !== undefined) ?? [];
  await store.open(`t${ids[0]}`);
  for (const id of ids.slice(1)) {
    store.readAhead(`t${id}`);
    await settled();
  }
  expect(ids.filter((id) => store.message(id)).length).toBe(BODIES_MAX);
  expect(store.message(ids[0] ?? "")).toBeDefined();
  expect(store.message(ids[1] ?? "")).toBeUndefined();
});
