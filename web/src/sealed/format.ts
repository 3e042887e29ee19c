// The format of deliveries, as docs/portal.md describes it: keys, wrapping, chunks. Nothing here knows of the server or of a page.

import { x25519 } from "@noble/curves/ed25519.js";
import { decode, encode, join, type Octets, random, utf8 } from "./octets";

/** Plaintext octets of a chunk; the last one of a part has what is left. */
export const CHUNK_BYTES = 1 << 20;

/** Octets that a chunk grows by: the tag of AES-GCM. */
export const TAG_BYTES = 16;

const NONCE_BYTES = 12;
const KEY_BYTES = 32;

/** How key and proof come from a password or from the secret of a link. */
export interface Lock {
  kind: "password" | "link";
  salt: string;
  memory_kib: number;
  passes: number;
  lanes: number;
}

/** What a password or a secret gives: the key that wraps the content key, and what is shown to the server. */
export interface Derived {
  key: Octets;
  proof: Octets;
}

/** Argon2id, which takes a while: where it runs is the caller's matter. */
export type Stretch = (password: Octets, salt: Octets, lock: Lock) => Promise<Octets>;

/** Something cannot be opened: it was altered, or the key is another. */
export class NotOpened extends Error {}

/** HKDF with SHA-256 (RFC 5869), 32 octets. */
export async function hkdf(secret: Octets, salt: Octets, info: string): Promise<Octets> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info: utf8(info) }, key, KEY_BYTES * 8);
  return new Uint8Array(bits);
}

/** What opens a delivery, from what its partner has. A password counts in its composed form (Unicode NFC), without blanks around it. */
export async function derive(given: string, lock: Lock, stretch: Stretch): Promise<Derived> {
  const salt = decode(lock.salt);
  const root = lock.kind === "password" ? await stretch(utf8(given.normalize("NFC").trim()), salt, lock) : secretOf(given);
  if (root.length !== KEY_BYTES) throw new NotOpened("the secret has another length");
  const [key, proof] = await Promise.all([hkdf(root, salt, "tradewind portal 1 key"), hkdf(root, salt, "tradewind portal 1 proof")]);
  return { key, proof };
}

function secretOf(text: string): Octets {
  try {
    return decode(text);
  } catch {
    throw new NotOpened("the secret is no base64url");
  }
}

async function cipher(key: Octets): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** A key under another: nonce, key, tag, in base64url. */
export async function wrap(under: Octets, key: Octets, nonce: Octets = random(NONCE_BYTES)): Promise<string> {
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: utf8("tradewind portal 1 wrap") }, await cipher(under), key);
  return encode(join(nonce, new Uint8Array(sealed)));
}

export async function unwrap(under: Octets, wrapped: string): Promise<Octets> {
  const octets = decode(wrapped);
  const iv = octets.slice(0, NONCE_BYTES);
  try {
    const key = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: utf8("tradewind portal 1 wrap") }, await cipher(under), octets.slice(NONCE_BYTES));
    return new Uint8Array(key);
  } catch {
    throw new NotOpened("the key does not open");
  }
}

/** Eleven octets count the chunks, the twelfth says whether it is the last. Each part has a key of its own. */
function nonceOf(number: number, isLast: boolean): Octets {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(7, number);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Seals and opens the chunks of one part: 0 is the message, from 1 on come its files. */
export class PartCipher {
  private constructor(private readonly key: CryptoKey) {}

  static async of(content: Octets, part: number): Promise<PartCipher> {
    return new PartCipher(await cipher(await hkdf(content, new Uint8Array(0), `tradewind portal 1 part ${part}`)));
  }

  async seal(number: number, isLast: boolean, plain: Octets): Promise<Octets> {
    return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonceOf(number, isLast) }, this.key, plain));
  }

  async open(number: number, isLast: boolean, sealed: Octets): Promise<Octets> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonceOf(number, isLast) }, this.key, sealed));
    } catch {
      throw new NotOpened("a chunk does not open");
    }
  }
}

/** Chunks that so many octets are cut into; nothing is one empty chunk. */
export const chunksOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / CHUNK_BYTES));

/** A key pair for replies (X25519, RFC 7748). */
export function replyPair(secret: Octets = random(KEY_BYTES)): { secret: Octets; open: Octets } {
  return { secret, open: x25519.getPublicKey(secret) as Octets };
}

/** The key that a reply's content key is wrapped under. Only who has opened the delivery has `content`, so nobody else makes a reply. */
async function replyKey(shared: Octets, content: Octets, ephemeral: Octets, open: Octets): Promise<Octets> {
  const opened = await hkdf(content, new Uint8Array(0), "tradewind portal 1 reply");
  return hkdf(join(shared, opened), join(ephemeral, open), "tradewind portal 1 reply key");
}

/** The partner's side of a reply to `open`, the sender's public key. */
export async function beginReply(open: Octets, content: Octets, pair = replyPair(), own = random(KEY_BYTES)): Promise<{ content: Octets; publicKey: string; key: string }> {
  const shared = x25519.getSharedSecret(pair.secret, open) as Octets;
  const under = await replyKey(shared, content, pair.open, open);
  return { content: own, publicKey: encode(pair.open), key: await wrap(under, own) };
}

/** The sender's side: the reply's content key. */
export async function openReply(secret: Octets, content: Octets, publicKey: string, key: string): Promise<Octets> {
  const ephemeral = decode(publicKey);
  const shared = x25519.getSharedSecret(secret, ephemeral) as Octets;
  return unwrap(await replyKey(shared, content, ephemeral, replyPair(secret).open), key);
}

/** A file of a message, as its message names it. */
export interface SealedFile {
  name: string;
  type: string;
  size: number;
}

/** Part 0 in JSON. Files are parts 1 and on, in this order. */
export interface SealedMessage {
  v: 1;
  from: { name: string; email: string };
  to: string;
  date: string;
  subject: string;
  text: string;
  html?: string;
  files: SealedFile[];
}

export function messageOctets(message: SealedMessage): Octets {
  return utf8(JSON.stringify(message));
}

/** Reads part 0; what it says is a stranger's and is believed in nothing but its kinds. */
export function readMessage(octets: Octets): SealedMessage {
  const read = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets)) as Partial<SealedMessage> | null;
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  if (read === null || typeof read !== "object" || read.v !== 1) throw new NotOpened("this message is of a newer form");
  const files = Array.isArray(read.files) ? read.files : [];
  return {
    v: 1,
    from: { name: text(read.from?.name), email: text(read.from?.email) },
    to: text(read.to),
    date: text(read.date),
    subject: text(read.subject),
    text: text(read.text),
    ...(typeof read.html === "string" ? { html: read.html } : {}),
    files: files.map((file) => ({ name: text(file.name), type: text(file.type), size: Number.isSafeInteger(file.size) && file.size >= 0 ? file.size : 0 })),
  };
}
