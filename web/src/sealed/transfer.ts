// Parts on their way, a chunk at a time: no file is ever whole in memory.

import { CHUNK_BYTES, chunksOf, PartCipher } from "./format";
import { join, type Octets } from "./octets";

/** Hands a sealed chunk over. */
export type Put = (part: number, number: number, sealed: Octets) => Promise<void>;

/** Brings a sealed chunk. */
export type Get = (part: number, number: number) => Promise<Octets>;

/** The share that is done, from 0 to 1. */
export type Tell = (share: number) => void;

/** Seals and sends the parts, the first of which is the message. Gives the number of chunks of each. */
export async function sendParts(content: Octets, parts: Blob[], put: Put, tell: Tell, stop?: AbortSignal): Promise<number[]> {
  const total = parts.reduce((sum, { size }) => sum + chunksOf(size), 0);
  let done = 0;
  for (const [part, blob] of parts.entries()) {
    const cipher = await PartCipher.of(content, part);
    const count = chunksOf(blob.size);
    for (let number = 0; number < count; number += 1) {
      stop?.throwIfAborted();
      const plain = new Uint8Array(await blob.slice(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES).arrayBuffer());
      await put(part, number, await cipher.seal(number, number + 1 === count, plain));
      done += 1;
      tell(done / total);
    }
  }
  return parts.map(({ size }) => chunksOf(size));
}

/** Fetches and opens a part. What is opened is handed to the browser piece by piece, which may put it on its disk. */
export async function fetchPart(content: Octets, part: number, count: number, get: Get, tell: Tell): Promise<Blob> {
  const cipher = await PartCipher.of(content, part);
  const pieces: Blob[] = [];
  for (let number = 0; number < count; number += 1) {
    const plain = await cipher.open(number, number + 1 === count, await get(part, number));
    pieces.push(new Blob([plain]));
    tell((number + 1) / count);
  }
  return new Blob(pieces);
}

/** As [fetchPart], for what is small: the message. */
export async function fetchOctets(content: Octets, part: number, count: number, get: Get): Promise<Octets> {
  const cipher = await PartCipher.of(content, part);
  const pieces: Octets[] = [];
  for (let number = 0; number < count; number += 1) pieces.push(await cipher.open(number, number + 1 === count, await get(part, number)));
  return join(...pieces);
}

/** A name that a file can have: nothing in it leads elsewhere or is written backwards. */
export function fileName(name: string): string {
  const plain = name.replace(/[\u0000-\u001F\u007F\u200E\u200F\u202A-\u202E\u2066-\u2069/\\:*?"<>|]/g, "_").replace(/^\.+/, "_").trim();
  return plain.slice(0, 200) || "file";
}

/** Has the browser save something as a file. Its type says nothing that would have it shown in our origin. */
export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  link.download = fileName(name);
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
