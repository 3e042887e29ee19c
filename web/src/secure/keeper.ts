// What this browser keeps so that its owner reads his own deliveries and the replies to them without typing the password again: a key that no
// script can read out, under which the delivery's keys rest with the server. Another browser asks for the password or the link.

import { decode, encode, join, type Octets, random, utf8 } from "../sealed/octets";

const DATABASE = "tradewind-secure";
const KEYS = "keys";
const NONCE_BYTES = 12;

/** What opens a delivery of one's own. */
export interface Own {
  /** Content key. */
  content: string;
  /** Private key for replies. */
  secret: string;
  subject: string;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the browser keeps nothing")));
  });
}

async function database(): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(KEYS));
  return done(opening);
}

async function keyOf(address: string): Promise<CryptoKey> {
  const opened = await database();
  try {
    const keys = () => opened.transaction(KEYS, "readwrite").objectStore(KEYS);
    const kept = (await done(keys().get(address))) as CryptoKey | undefined;
    if (kept) return kept;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await done(keys().put(made, address));
    return made;
  } finally {
    opened.close();
  }
}

/** Seals what opens a delivery for this browser; empty where it keeps nothing, as in a private window. */
export async function keep(address: string, own: Own): Promise<string> {
  try {
    const iv = random(NONCE_BYTES);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(address), utf8(JSON.stringify(own)));
    return encode(join(iv, new Uint8Array(sealed)));
  } catch {
    return "";
  }
}

/** Opens what [keep] made; nothing if it was made in another browser. */
export async function recall(address: string, kept: string): Promise<Own | undefined> {
  if (kept === "") return undefined;
  try {
    const octets: Octets = decode(kept);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: octets.slice(0, NONCE_BYTES) }, await keyOf(address), octets.slice(NONCE_BYTES));
    return JSON.parse(new TextDecoder().decode(plain)) as Own;
  } catch {
    return undefined;
  }
}
