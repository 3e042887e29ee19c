// @vitest-environment node
import { argon2id } from "hash-wasm";
import { expect, test } from "vitest";
import vectorsJson from "../../../docs/portal-vectors.json";
import { beginReply, CHUNK_BYTES, chunksOf, derive, type Lock, messageOctets, NotOpened, openReply, PartCipher, readMessage, replyPair, type SealedMessage, type Stretch, unwrap, wrap } from "./format";
import { decode, encode, type Octets, utf8 } from "./octets";

const stretch: Stretch = async (password, salt, { memory_kib, passes, lanes }) =>
  (await argon2id({ password, salt, memorySize: memory_kib, iterations: passes, parallelism: lanes, hashLength: 32, outputType: "binary" })) as Octets;

interface Vectors {
  password: { given: string; lock: Lock; key: string; proof: string };
  link: { given: string; lock: Lock; key: string; proof: string };
  wrap: { under: string; key: string; nonce: string; wrapped: string };
  part: { content: string; part: number; chunks: { number: number; last: boolean; plain: string; sealed: string }[] };
  reply: { secret: string; ephemeral: string; content: string; own: string; public_key: string; under_nonce: string; opens: string };
}

const vectors = vectorsJson as Vectors;
const fill = (octet: number, count: number) => new Uint8Array(count).fill(octet);

test("a password and a link give the keys of the vectors", async () => {
  for (const { given, lock, key, proof } of [vectors.password, vectors.link]) {
    const derived = await derive(given, lock, stretch);
    expect([encode(derived.key), encode(derived.proof)]).toEqual([key, proof]);
  }
  const { given, lock, proof } = vectors.password;
  const decomposed = ` ${given.normalize("NFD")} `;
  expect(encode((await derive(decomposed, lock, stretch)).proof)).toBe(proof);
  expect(encode((await derive(`${given}x`, lock, stretch)).proof)).not.toBe(proof);
  await expect(derive("short", vectors.link.lock, stretch)).rejects.toThrow(NotOpened);
});

test("keys are wrapped, and what was altered does not open", async () => {
  const { under, key, nonce, wrapped } = vectors.wrap;
  expect(await wrap(decode(under), decode(key), decode(nonce))).toBe(wrapped);
  expect(encode(await unwrap(decode(under), wrapped))).toBe(key);
  const altered = decode(wrapped);
  altered[20] = (altered[20] ?? 0) ^ 1;
  await expect(unwrap(decode(under), encode(altered))).rejects.toThrow(NotOpened);
  await expect(unwrap(fill(0, 32), wrapped)).rejects.toThrow(NotOpened);
});

test("chunks are sealed as the vectors say; none is left out, exchanged or cut off", async () => {
  const { content, part, chunks } = vectors.part;
  const cipher = await PartCipher.of(decode(content), part);
  for (const { number, last, plain, sealed } of chunks) {
    expect(encode(await cipher.seal(number, last, utf8(plain)))).toBe(sealed);
    expect(new TextDecoder().decode(await cipher.open(number, last, decode(sealed)))).toBe(plain);
  }
  const first = decode(chunks[0]?.sealed ?? "");
  await expect(cipher.open(1, false, first)).rejects.toThrow(NotOpened);
  await expect(cipher.open(0, true, first)).rejects.toThrow(NotOpened);
  await expect((await PartCipher.of(decode(content), part + 1)).open(0, false, first)).rejects.toThrow(NotOpened);
  expect([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1].map(chunksOf)).toEqual([1, 1, 1, 2]);
});

test("a reply opens for the sender, and is made by nobody who has not opened the delivery", async () => {
  const { secret, ephemeral, content, own, public_key: publicKey, opens } = vectors.reply;
  const pair = replyPair(decode(secret));
  const made = await beginReply(pair.open, decode(content), replyPair(decode(ephemeral)), decode(own));
  expect(made.publicKey).toBe(publicKey);
  expect(encode(await openReply(pair.secret, decode(content), made.publicKey, made.key))).toBe(own);
  expect(encode(await openReply(pair.secret, decode(content), publicKey, opens))).toBe(own);
  const stranger = await beginReply(pair.open, fill(0, 32));
  await expect(openReply(pair.secret, decode(content), stranger.publicKey, stranger.key)).rejects.toThrow(NotOpened);
  await expect(openReply(fill(1, 32), decode(content), made.publicKey, made.key)).rejects.toThrow(NotOpened);
});

test("a message is read for what it is", () => {
  const message: SealedMessage = { v: 1, from: { name: "李娜", email: "li@trade.test" }, to: "a@b.test", date: "2026-11-27T00:00:00Z", subject: "报价", text: "Ten.", html: "<p>Ten.</p>", files: [{ name: "a.pdf", type: "application/pdf", size: 3 }] };
  expect(readMessage(messageOctets(message))).toEqual(message);
  expect(readMessage(utf8('{"v":1,"subject":7,"files":[{"size":-1}]}'))).toMatchObject({ subject: "", files: [{ name: "", size: 0 }] });
  for (const bad of ['{"v":2}', "null", '"x"']) expect(() => readMessage(utf8(bad))).toThrow(NotOpened);
  expect(() => readMessage(utf8("{"))).toThrow();
});
