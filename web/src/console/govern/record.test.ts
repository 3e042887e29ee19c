// @vitest-environment node
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, test } from "vitest";
import { hex, sha256 } from "../../endtoend/log";
import { join, utf8 } from "../../sealed/octets";
import { checksOf, type Proven } from "./record";

const base64 = (octets: Uint8Array) => btoa(String.fromCharCode(...octets));

/** A log of one record, whose tree is its leaf. */
async function log(): Promise<{ proven: Proven; key: string }> {
  const name = "mail.trade.test/audit";
  const secret = ed25519.utils.randomSecretKey();
  const encoded = join(Uint8Array.of(1), ed25519.getPublicKey(secret));
  const id = (await sha256(utf8(`${name}\n`), encoded)).slice(0, 4);
  const disclosed = { salt: "ab", text: '{"account":"1","via":"http","address":null,"object":"{}","row":""}' };
  const record = JSON.stringify({ id: "1", at: "2026-11-27T05:00:00Z", organisation: "1", actor: "x", action: "role-give", outcome: "done", commitment: hex(await sha256(utf8(disclosed.salt), utf8(disclosed.text))) });
  const root = await sha256(Uint8Array.of(0), utf8(record));
  const text = `${name}\n1\n${base64(root)}\n`;
  const checkpoint = `${text}\n\u2014 ${name} ${base64(join(id, ed25519.sign(utf8(text), secret)))}\n`;
  return { proven: { record, proof: { place: 0, size: 1, path: [] }, checkpoint, disclosed }, key: `${name}+${hex(id)}+${base64(encoded)}` };
}

test("a record holds as it is, and a changed octet of each part is found", async () => {
  const { proven, key } = await log();
  expect(await checksOf(proven, key)).toEqual([["signed", true], ["in-log", true], ["same-text", true]]);
  expect(await checksOf({ ...proven, record: proven.record.replace("role-give", "role-take") }, key)).toEqual([["signed", true], ["in-log", false], ["same-text", true]]);
  expect(await checksOf({ ...proven, checkpoint: proven.checkpoint.replace("\n1\n", "\n2\n") }, key)).toEqual([["signed", false], ["in-log", false], ["same-text", true]]);
  expect(await checksOf({ ...proven, disclosed: { salt: "ab", text: "{}" } }, key)).toEqual([["signed", true], ["in-log", true], ["same-text", false]]);
  expect(await checksOf({ ...proven, disclosed: null }, key)).toEqual([["signed", true], ["in-log", true]]);
});
