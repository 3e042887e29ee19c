// The audit log as far as a browser verifies it: checkpoints (C2SP signed-note, tlog-checkpoint) and proofs (RFC 6962 section 2.1). Believes the
// server in nothing but the log's public key, and that only the first time.

import { ed25519 } from "@noble/curves/ed25519.js";
import { join, type Octets, utf8 } from "../sealed/octets";

/** The log is not what it was, or what was told is not in it. */
export class Alarm extends Error {}

export interface Head {
  size: number;
  root: Octets;
}

export interface Proof {
  place: number;
  size: number;
  path: string[];
}

export const sha256 = async (...parts: Uint8Array[]): Promise<Octets> => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));

export const hex = (octets: Uint8Array): string => Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");

function fromHex(text: string): Octets {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Alarm("a hash of a proof is none");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function base64(text: string): Octets {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Alarm("a checkpoint is not written as it should be");
  }
}

const isSame = (one: Uint8Array, other: Uint8Array) => one.length === other.length && one.every((octet, at) => octet === other[at]);
const node = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right);

/** What a checkpoint says, if `key` (`name+8 digits+Base64`) has signed it. */
export async function openCheckpoint(note: string, key: string): Promise<Head> {
  const [name = "", digits = "", ...rest] = key.split("+");
  const encoded = base64(rest.join("+"));
  const id = (await sha256(utf8(`${name}\n`), encoded)).slice(0, 4);
  const end = note.indexOf("\n\n");
  if (encoded[0] !== 1 || encoded.length !== 33 || hex(id) !== digits || end < 0) throw new Alarm("the key of the log is none");
  const text = note.slice(0, end + 1);
  const isOurs = note.slice(end + 2).split("\n").some((line) => {
    if (!line.startsWith(`\u2014 ${name} `)) return false;
    const signature = base64(line.slice(name.length + 3));
    return signature.length === 68 && isSame(signature.slice(0, 4), id) && ed25519.verify(signature.slice(4), utf8(text), encoded.slice(1));
  });
  const [origin, size = "", root = ""] = text.split("\n");
  if (!isOurs || origin !== name || !/^\d{1,15}$/.test(size)) throw new Alarm("the checkpoint bears no signature of the log");
  return { size: Number(size), root: base64(root) };
}

/** Throws [Alarm] if the record is not in the log of `head` (RFC 9162 section 2.1.3.2). */
export async function checkRecord(record: string, { place, size, path }: Proof, head: Head): Promise<void> {
  const wrong = () => new Alarm("what was told is not in the log");
  if (size !== head.size || place >= size || place < 0) throw wrong();
  let [number, last] = [place, size - 1];
  let hash = await sha256(Uint8Array.of(0), utf8(record));
  for (const text of path) {
    if (last === 0) throw wrong();
    const beside = fromHex(text);
    if (number % 2 === 1 || number === last) {
      // Each hash is made of the one before.
      // oxlint-disable-next-line no-await-in-loop
      hash = await node(beside, hash);
      while (number % 2 === 0 && number !== 0) [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
    } else {
      // oxlint-disable-next-line no-await-in-loop
      hash = await node(hash, beside);
    }
    [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
  }
  if (last !== 0 || !isSame(hash, head.root)) throw wrong();
}

/** Throws [Alarm] if the log of `now` does not go on from that of `before` (RFC 9162 section 2.1.4.2). */
export async function checkGrowth(before: Head, now: Head, path: string[] | null): Promise<void> {
  const wrong = () => new Alarm("the log does not go on from what it was: its history was written anew");
  if (before.size > now.size || path === null) throw wrong();
  if (before.size === now.size) {
    if (path.length > 0 || !isSame(before.root, now.root)) throw wrong();
    return;
  }
  const hashes = path.map(fromHex);
  if (before.size === 2 ** Math.round(Math.log2(before.size))) hashes.unshift(before.root);
  let [number, last] = [before.size - 1, now.size - 1];
  while (number % 2 === 1) [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
  let old = hashes[0];
  let grown = hashes[0];
  if (!old || !grown) throw wrong();
  for (const beside of hashes.slice(1)) {
    if (last === 0) throw wrong();
    if (number % 2 === 1 || number === last) {
      // oxlint-disable-next-line no-await-in-loop
      [old, grown] = [await node(beside, old), await node(beside, grown)];
      while (number % 2 === 0 && number !== 0) [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
    } else {
      // oxlint-disable-next-line no-await-in-loop
      grown = await node(grown, beside);
    }
    [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
  }
  if (last !== 0 || !isSame(old, before.root) || !isSame(grown, now.root)) throw wrong();
}
