// OpenPGP (RFC 9580) beside the page. The private key is here alone, from when it is unlocked until the page goes; under the policy of this worker
// (crates/webapp) nothing in it can ask anybody.

import { argon2id } from "hash-wasm";
import { config, createMessage, decrypt, encrypt, enums, generateKey, type PrivateKey, type PublicKey, readKey, readMessage, readPrivateKey } from "openpgp";
import { decode, encode, join, type Octets, random, utf8 } from "../sealed/octets";
import type { Asked, Made, Opened, Passkey, PasskeyWrap, Sealed, WordWrap, Wrap } from "./engine";

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
/** The key that wraps it, for wraps that are added while it is unlocked. */
let master: Octets | undefined;

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

/** What a passkey gives is random already (HKDF, RFC 5869); each passkey has a key of its own. */
async function deriveFrom(given: Octets, credential: string): Promise<CryptoKey> {
  const from = await crypto.subtle.importKey("raw", given, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: utf8("tradewind key 1 passkey"), info: utf8(credential) };
  return crypto.subtle.deriveKey(how, from, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

async function wrapFor(by: WordWrap["by"], given: string, key: Octets): Promise<WordWrap> {
  const salt = random(16);
  return { by, salt: encode(salt), ...ARGON, wrapped: await seal(await derive(given, salt, ARGON), by, key) };
}

async function make({ name, email, passphrase, recovery }: { name: string; email: string; passphrase: string; recovery: string }): Promise<Made> {
  const { privateKey, publicKey } = await generateKey({ type: "ecc", userIDs: [{ name: name.replace(/[<>@]/g, ""), email }], keyExpirationTime: YEARS * 365 * 86_400, format: "object" });
  const fresh = random(KEY_BYTES);
  const wraps = [await wrapFor("passphrase", passphrase, fresh), await wrapFor("recovery", recovery, fresh)];
  const key = await seal(await importKey(fresh), "private", privateKey.write() as Octets);
  [own, master] = [privateKey, fresh];
  return { certificate: publicKey.write(), fingerprint: publicKey.getFingerprint().toUpperCase(), sealed: { v: 1, wraps, key } };
}

const isOfWords = (wrap: Wrap): wrap is WordWrap => wrap.by === "passphrase" || wrap.by === "recovery";
const isOfPasskey = (wrap: Wrap): wrap is PasskeyWrap => wrap.by === "passkey";

/** The key that wraps the private key, by the first of the openings that succeeds; nothing if none does. */
async function firstOf(openings: (() => Promise<Octets>)[]): Promise<Octets | undefined> {
  for (const opening of openings) {
    try {
      // One after the other: each may take a while, and the first is nearly always the one.
      // oxlint-disable-next-line no-await-in-loop
      return await opening();
    } catch (error) {
      // Another may open it.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return undefined;
}

const masterOf = (sealed: Sealed, given: string) =>
  firstOf(sealed.wraps.filter(isOfWords).map((wrap) => async () => open(await derive(given, decode(wrap.salt), wrap), wrap.by, wrap.wrapped)));

const privateOf = async (sealed: Sealed, by: Octets) => readPrivateKey({ binaryKey: await open(await importKey(by), "private", sealed.key) });

async function unlockWith(sealed: Sealed, opened: Octets | undefined): Promise<string | undefined> {
  if (!opened) return undefined;
  [own, master] = [await privateOf(sealed, opened), opened];
  return own.getFingerprint().toUpperCase();
}

const unlock = async ({ sealed, given }: { sealed: Sealed; given: string }) => unlockWith(sealed, await masterOf(sealed, given));

async function unlockBy({ sealed, credential, given }: { sealed: Sealed; credential: string; given: Octets }): Promise<string | undefined> {
  const wraps = sealed.wraps.filter(isOfPasskey).filter((wrap) => wrap.credential === credential);
  return unlockWith(sealed, await firstOf(wraps.map((wrap) => async () => open(await deriveFrom(given, credential), wrap.by, wrap.wrapped))));
}

async function rewrap({ sealed, given, passphrase }: { sealed: Sealed; given: string; passphrase: string }): Promise<Sealed | undefined> {
  const opened = await masterOf(sealed, given);
  if (!opened) return undefined;
  // What does not open the private key is not put in place of what does.
  await privateOf(sealed, opened);
  const others = sealed.wraps.filter(({ by }) => by !== "passphrase");
  return { ...sealed, wraps: [await wrapFor("passphrase", passphrase, opened), ...others] };
}

async function wrapBy({ sealed, passkey, given }: { sealed: Sealed; passkey: Passkey; given: Octets }): Promise<Sealed> {
  if (!master) throw new Error("locked");
  await privateOf(sealed, master).catch(() => {
    throw new Error("another key was made meanwhile; load this page anew");
  });
  const others = sealed.wraps.filter((wrap) => !isOfPasskey(wrap) || wrap.credential !== passkey.credential);
  const wrapped = await seal(await deriveFrom(given, passkey.credential), "passkey", master);
  return { ...sealed, wraps: [...others, { by: "passkey", ...passkey, wrapped }] };
}

async function protect({ content, certificates }: { content: Uint8Array; certificates: Uint8Array[] }): Promise<string> {
  if (!own) throw new Error("locked");
  const keys: PublicKey[] = await Promise.all(certificates.map((binaryKey) => readKey({ binaryKey })));
  const message = await createMessage({ binary: content });
  return encrypt({ message, encryptionKeys: [...keys, own.toPublic()], signingKeys: own, format: "armored" });
}

/** Opens what was encrypted to oneself, and signed by one of `signers`; by oneself if none are given. */
async function reveal({ armored, signers }: { armored: string; signers?: Uint8Array[] }): Promise<Opened> {
  if (!own) throw new Error("locked");
  const verificationKeys = signers ? await Promise.all(signers.map((binaryKey) => readKey({ binaryKey }))) : [own.toPublic()];
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

const WORK = { make, unlock, unlockBy, protect, reveal, fingerprintOf, sealIndexed, openIndexed, rewrap, wrapBy };

onmessage = async ({ data }: MessageEvent<Asked>) => {
  try {
    postMessage({ id: data.id, value: await (WORK[data.work] as (given: unknown) => Promise<unknown>)(data.given) });
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
