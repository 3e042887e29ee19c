// @vitest-environment node
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, test } from "vitest";
import { type Octets, utf8 } from "../sealed/octets";
import { Alarm, checkGrowth, checkRecord, hex, openCheckpoint, sha256 } from "./log";

/** The tree and its proofs, computed as RFC 6962 section 2.1 says. */
const record = (number: number) => `record ${number}`;
const middle = (count: number) => 2 ** Math.ceil(Math.log2(count) - 1);

async function root(from: number, to: number): Promise<Octets> {
  if (to - from === 1) return sha256(Uint8Array.of(0), utf8(record(from)));
  const cut = from + middle(to - from);
  return sha256(Uint8Array.of(1), await root(from, cut), await root(cut, to));
}

async function path(place: number, from: number, to: number): Promise<string[]> {
  if (to - from === 1) return [];
  const cut = from + middle(to - from);
  return place < cut ? [...(await path(place, from, cut)), hex(await root(cut, to))] : [...(await path(place, cut, to)), hex(await root(from, cut))];
}

async function growth(before: number, from: number, to: number, isWhole = true): Promise<string[]> {
  if (before === to) return isWhole ? [] : [hex(await root(from, to))];
  const cut = from + middle(to - from);
  return before <= cut ? [...(await growth(before, from, cut, isWhole)), hex(await root(cut, to))] : [...(await growth(before, cut, to, false)), hex(await root(from, cut))];
}

test("every record of every small tree is found where it is, and nowhere else", async () => {
  for (let size = 1; size <= 20; size += 1) {
    const head = { size, root: await root(0, size) };
    for (let place = 0; place < size; place += 1) {
      const proof = { place, size, path: await path(place, 0, size) };
      await checkRecord(record(place), proof, head);
      await expect(checkRecord(record(place + 1), proof, head)).rejects.toThrow(Alarm);
      await expect(checkRecord(record(place), { ...proof, path: [...proof.path, "0".repeat(64)] }, head)).rejects.toThrow(Alarm);
      if (size > 1) await expect(checkRecord(record(place), { ...proof, path: proof.path.slice(1) }, head)).rejects.toThrow(Alarm);
    }
  }
});

test("a log that goes on is told from one that was written anew", async () => {
  for (let size = 1; size <= 20; size += 1) {
    const now = { size, root: await root(0, size) };
    for (let was = 1; was <= size; was += 1) {
      const before = { size: was, root: await root(0, was) };
      const proof = await growth(was, 0, size);
      await checkGrowth(before, now, proof);
      const other = { size: was, root: await root(1, was + 1) };
      await expect(checkGrowth(other, now, proof)).rejects.toThrow(Alarm);
      await expect(checkGrowth(before, { size, root: await root(1, size + 1) }, proof)).rejects.toThrow(Alarm);
      await expect(checkGrowth(before, now, null)).rejects.toThrow(Alarm);
      if (was < size) await expect(checkGrowth(now, before, proof)).rejects.toThrow(Alarm);
    }
  }
});

test("a checkpoint counts by the signature of its key alone", async () => {
  const secret = new Uint8Array(32).fill(7);
  const name = "mail.trade.test/audit";
  const encoded = Uint8Array.of(1, ...ed25519.getPublicKey(secret));
  const id = (await sha256(utf8(`${name}\n`), encoded)).slice(0, 4);
  const base64 = (octets: Uint8Array) => btoa(String.fromCharCode(...octets));
  const key = `${name}+${hex(id)}+${base64(encoded)}`;
  const text = `${name}\n7\n${base64(await root(0, 7))}\ntime 2026-11-27T00:00:00Z\n`;
  const note = `${text}\n\u2014 ${name} ${base64(Uint8Array.of(...id, ...ed25519.sign(utf8(text), secret)))}\n`;
  expect(await openCheckpoint(note, key)).toEqual({ size: 7, root: await root(0, 7) });
  for (const wrong of [note.replace("\n7\n", "\n8\n"), note.replace("\u2014", "-"), text, ""]) await expect(openCheckpoint(wrong, key)).rejects.toThrow(Alarm);
  await expect(openCheckpoint(note, key.replace("mail", "mall"))).rejects.toThrow(Alarm);
});
