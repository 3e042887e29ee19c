// OpenPGP (RFC 9580) beside the page. The private key is here alone, from when it is unlocked until the page goes; under the policy of this worker
// (crates/webapp) nothing in it can ask anybody.

import { argon2id } from "hash-wasm";
import { config, createMessage, decrypt, encrypt, enums, generateKey, type PrivateKey, type PublicKey, readKey, readMessage, readPrivateKey } from "openpgp";
import { decode, encode, join, type Octets, random, utf8 } from "../sealed/octets";
import type { Asked, Made, Opened, Sealed, Wrap } from "./engine";

const NONCE_BYTES = 12;
const KEY_BYTES = 32;
const YEARS = 2;
/** RFC 9106 section 4, second recommended option, for one lane. */
const ARGON = { memory: 65_536, passes: 3, lanes: 1 };
/** No server may have an owner compute for hours. */
const MEMORY_KIB_MAX = 1 << 20;
const PASSES_MAX = 16;

// What grows beyond this by unpacking is not opened.
config.maxDecompressedMessageSize = 64 << 20;
config.preferredCompressionAlgorithm = enums.compression.uncompressed;
config.showVersion = false;

let own: PrivateKey | undefined;

async function derive(given: string, salt: Octets, { memory, passes, lanes }: typeof ARGON): Promise<CryptoKey> {
  if (memory > MEMORY_KIB_MAX || passes > PASSES_MAX) throw new Error("the key asks for more work than is usual");
  const password = utf8(given.normalize("NFC").trim());
  const key = await argon2id({ password, salt, memorySize: memory, iterations: passes, parallelism: lanes, hashLength: KEY_BYTES, outputType: "binary" });
  return importKey(key as Octets);
}

const importKey = (key: Octets) => crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);

async function seal(under: CryptoKey, what: string, plain: Octets): Promise<string> {
  const iv = random(NONCE_BYTES);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(`tradewind key 1 ${what}`) }, under, plain);
  return encode(join(iv, new Uint8Array(sealed)));
}

async function open(under: CryptoKey, what: string, sealed: string): Promise<Octets> {
  const octets = decode(sealed);
  const algorithm = { name: "AES-GCM", iv: octets.slice(0, NONCE_BYTES), additionalData: utf8(`tradewind key 1 ${what}`) };
  return new Uint8Array(await crypto.subtle.decrypt(algorithm, under, octets.slice(NONCE_BYTES)));
}

async function wrapFor(by: Wrap["by"], given: string, master: Octets): Promise<Wrap> {
  const salt = random(16);
  return { by, salt: encode(salt), ...ARGON, wrapped: await seal(await derive(given, salt, ARGON), by, master) };
}

async function make({ name, email, passphrase, recovery }: { name: string; email: string; passphrase: string; recovery: string }): Promise<Made> {
  const { privateKey, publicKey } = await generateKey({ type: "ecc", userIDs: [{ name: name.replace(/[<>@]/g, ""), email }], keyExpirationTime: YEARS * 365 * 86_400, format: "object" });
  const master = random(KEY_BYTES);
  const wraps = [await wrapFor("passphrase", passphrase, master), await wrapFor("recovery", recovery, master)];
  const key = await seal(await importKey(master), "private", privateKey.write() as Octets);
  own = privateKey;
  return { certificate: publicKey.write(), fingerprint: publicKey.getFingerprint().toUpperCase(), sealed: { v: 1, wraps, key } };
}

/** The key that wraps the private key, by whatever opens it; nothing if nothing does. */
async function masterOf(sealed: Sealed, given: string): Promise<Octets | undefined> {
  for (const wrap of sealed.wraps) {
    try {
      // One after the other: each takes a while, and the first is nearly always the one.
      // oxlint-disable-next-line no-await-in-loop
      return await open(await derive(given, decode(wrap.salt), wrap), wrap.by, wrap.wrapped);
    } catch (error) {
      // Another wrap may open.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return undefined;
}

async function unlock({ sealed, given }: { sealed: Sealed; given: string }): Promise<string | undefined> {
  const master = await masterOf(sealed, given);
  if (!master) return undefined;
  own = await readPrivateKey({ binaryKey: await open(await importKey(master), "private", sealed.key) });
  return own.getFingerprint().toUpperCase();
}

async function rewrap({ sealed, given, passphrase }: { sealed: Sealed; given: string; passphrase: string }): Promise<Sealed | undefined> {
  const master = await masterOf(sealed, given);
  if (!master) return undefined;
  // What does not open the private key is not put in place of what does.
  await readPrivateKey({ binaryKey: await open(await importKey(master), "private", sealed.key) });
  const others = sealed.wraps.filter(({ by }) => by !== "passphrase");
  return { ...sealed, wraps: [await wrapFor("passphrase", passphrase, master), ...others] };
}

async function protect({ content, certificates }: { content: Uint8Array; certificates: Uint8Array[] }): Promise<string> {
  if (!own) throw new Error("locked");
  const keys: PublicKey[] = await Promise.all(certificates.map((binaryKey) => readKey({ binaryKey })));
  const message = await createMessage({ binary: content });
  return encrypt({ message, encryptionKeys: [...keys, own.toPublic()], signingKeys: own, format: "armored" });
}

async function reveal({ armored, signers }: { armored: string; signers: Uint8Array[] }): Promise<Opened> {
  if (!own) throw new Error("locked");
  const verificationKeys = await Promise.all(signers.map((binaryKey) => readKey({ binaryKey })));
  const { data, signatures } = await decrypt({ message: await readMessage({ armoredMessage: armored }), decryptionKeys: own, verificationKeys, format: "binary" });
  const [signature] = signatures;
  if (!signature) return { content: data, signature: "none" };
  const known = verificationKeys.some((key) => key.getKeyIDs().some((id) => id.equals(signature.keyID)));
  const isGood = await signature.verified.then(() => true, () => false);
  return { content: data, signature: isGood ? "good" : known ? "bad" : "unknown" };
}

/** The key of the index of encrypted mail comes from the private key (HKDF, RFC 5869), so that it rests nowhere. */
let index: { of: PrivateKey; key: Promise<CryptoKey> } | undefined;

function indexKey(): Promise<CryptoKey> {
  if (!own) throw new Error("locked");
  if (index?.of !== own) {
    const from = crypto.subtle.importKey("raw", own.write() as Octets, "HKDF", false, ["deriveKey"]);
    const how = { name: "HKDF", hash: "SHA-256", salt: utf8("tradewind encrypted search 1"), info: utf8(own.getFingerprint()) };
    index = { of: own, key: from.then((secret) => crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"])) };
  }
  return index.key;
}

const placeOf = (id: string) => utf8(`tradewind encrypted search 1 ${id}`);

async function sealIndexed({ id, text }: { id: string; text: string }): Promise<Octets> {
  const iv = random(NONCE_BYTES);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: placeOf(id) }, await indexKey(), utf8(text));
  return join(iv, new Uint8Array(sealed));
}

async function openIndexed({ id, sealed }: { id: string; sealed: Octets }): Promise<string> {
  const algorithm = { name: "AES-GCM", iv: sealed.slice(0, NONCE_BYTES), additionalData: placeOf(id) };
  return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, await indexKey(), sealed.slice(NONCE_BYTES)));
}

const fingerprintOf = async ({ certificate }: { certificate: Uint8Array }) => (await readKey({ binaryKey: certificate })).getFingerprint().toUpperCase();

const WORK = { make, unlock, protect, reveal, fingerprintOf, sealIndexed, openIndexed, rewrap };

onmessage = async ({ data }: MessageEvent<Asked>) => {
  try {
    postMessage({ id: data.id, value: await (WORK[data.work] as (given: unknown) => Promise<unknown>)(data.given) });
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
