import { beforeEach, expect, test } from "vitest";
import { FakeServer } from "./fake-server";
import { MailStore } from "./store";
import { BATCH, sweep } from "./sweep";

let server: FakeServer;
let store: MailStore;
const quiet = () => ({ tell: () => {}, stop: new AbortController().signal });

beforeEach(async () => {
  server = new FakeServer();
  for (let index = 0; index < 2 * BATCH + 7; index += 1) server.arrive(`m${index}`, "in", index);
  store = new MailStore(server, "a", () => {});
  await store.start();
});

test("everything that is found moves, and comes back", async () => {
  const told: number[] = [];
  const swept = await sweep(store, { inMailbox: "in" }, () => ({ mailboxes: { in: false, out: true } }), { ...quiet(), tell: (done) => told.push(done) });
  expect(swept.count).toBe(2 * BATCH + 7);
  expect(server.inBox("in")).toEqual([]);
  expect(server.inBox("out")).toHaveLength(2 * BATCH + 7);
  expect(told).toEqual([0, BATCH, 2 * BATCH, 2 * BATCH + 7]);
  await swept.undo?.();
  expect(server.inBox("out")).toEqual([]);
  expect(server.inBox("in")).toHaveLength(2 * BATCH + 7);
});

test("what is so already stays so when it is taken back", async () => {
  server.patch("m3", { "keywords/$seen": true });
  const swept = await sweep(store, { inMailbox: "in" }, () => ({ keywords: { $seen: true } }), quiet());
  expect(swept.count).toBe(2 * BATCH + 6);
  await swept.undo?.();
  expect(server.emails.get("m3")?.keywords).toEqual({ $seen: true });
  expect(server.emails.get("m4")?.keywords).toEqual({});
});

test("it ends where it is stopped, and what was done can be taken back", async () => {
  const stop = new AbortController();
  const swept = await sweep(store, { inMailbox: "in" }, () => ({ mailboxes: { in: false, out: true } }), {
    tell: (done) => done === BATCH && stop.abort(),
    stop: stop.signal,
  });
  expect(swept.stopped).toBe(true);
  // The batch that was told of had begun.
  expect(server.inBox("out")).toHaveLength(2 * BATCH);
  await swept.undo?.();
  expect(server.inBox("in")).toHaveLength(2 * BATCH + 7);
});

test("a refusal is told, and what is destroyed has no way back", async () => {
  server.refuses = (id) => id === "m5";
  await expect(sweep(store, { inMailbox: "in" }, () => ({ mailboxes: { in: false, out: true } }), quiet())).rejects.toThrow("forbidden");
  const swept = await sweep(store, { inMailbox: "in" }, () => "destroy", quiet());
  expect(swept.undo).toBeUndefined();
  expect(server.inBox("in")).toEqual([]);
});
