// Passkeys that give a secret for a salt (Web Authentication Level 3, extension `prf`), which wraps the key. The secret never leaves this browser; the
// server has salt and credential alone.

import type { TFunction } from "i18next";
import { beginShowing, whoIsSignedIn } from "../account/api";
import { decode, encode, type Octets, random } from "../sealed/octets";

const SALT_BYTES = 32;
const TIMEOUT_MS = 120_000;

/** Why a passkey gave nothing. */
export class PasskeyTrouble extends Error {
  constructor(readonly reason: "missing" | "cannot" | "cancelled" | "known") {
    super(reason);
  }
}

/** What went wrong, in words. */
export const passkeyWords = (error: Error, t: TFunction): string => (error instanceof PasskeyTrouble ? t(`end.passkey-${error.reason}`) : t("app.error", { reason: error.message }));

/** What one passkey gave. */
export interface Given {
  credential: string;
  site: string;
  secret: Octets;
}

/** Passkeys and hardware keys that the account has as second factors. */
export interface Factors {
  site: string;
  credentials: string[];
}

export const freshSalt = (): string => encode(random(SALT_BYTES));

/** Refuses where the browser knows no passkeys, or the page is none that may ask for them. */
function credentials(): CredentialsContainer {
  if (!("PublicKeyCredential" in globalThis) || !("credentials" in navigator)) throw new PasskeyTrouble("missing");
  return navigator.credentials;
}

const octetsOf = (value: BufferSource): Octets => (value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength));

/** What the browser says when somebody did not go through with it, or has no such passkey: it does not tell these apart. */
function told(error: unknown): Error {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "AbortError") return new PasskeyTrouble("cancelled");
  if (name === "InvalidStateError") return new PasskeyTrouble("known");
  if (name === "NotSupportedError" || name === "ConstraintError") return new PasskeyTrouble("cannot");
  return error instanceof Error ? error : new Error(String(error));
}

/** Asks for one of these passkeys, each with its salt. Throws [PasskeyTrouble]. */
export async function ask(site: string, salts: Record<string, string>): Promise<Given> {
  const container = credentials();
  const evalByCredential = Object.fromEntries(Object.entries(salts).map(([credential, salt]) => [credential, { first: decode(salt) }]));
  const allowCredentials = Object.keys(salts).map((credential) => ({ type: "public-key" as const, id: decode(credential) }));
  // Nobody but this page looks at the answer, so nothing is proven by the challenge.
  const publicKey = { challenge: random(32), rpId: site, allowCredentials, userVerification: "required" as const, timeout: TIMEOUT_MS, extensions: { prf: { evalByCredential } } };
  const shown = (await container.get({ publicKey }).catch((error: unknown) => {
    throw told(error);
  })) as PublicKeyCredential | null;
  if (!shown) throw new PasskeyTrouble("cancelled");
  const secret = shown.getClientExtensionResults().prf?.results?.first;
  if (!secret) throw new PasskeyTrouble("cannot");
  return { credential: encode(new Uint8Array(shown.rawId)), site, secret: octetsOf(secret) };
}

/** Makes a passkey for the key alone; those of `known` are not made twice. Throws [PasskeyTrouble]. */
export async function makeFor(address: string, name: string, salt: string, known: string[]): Promise<Given> {
  const container = credentials();
  const site = location.hostname;
  const publicKey = {
    rp: { id: site, name },
    // Another user than the one who signs in, whose passkey would be replaced.
    user: { id: random(32), name: address, displayName: address },
    challenge: random(32),
    pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key" as const, alg })),
    authenticatorSelection: { residentKey: "preferred" as const, userVerification: "required" as const },
    excludeCredentials: known.map((credential) => ({ type: "public-key" as const, id: decode(credential) })),
    timeout: TIMEOUT_MS,
    extensions: { prf: { eval: { first: decode(salt) } } },
  };
  const made = (await container.create({ publicKey }).catch((error: unknown) => {
    throw told(error);
  })) as PublicKeyCredential | null;
  if (!made) throw new PasskeyTrouble("cancelled");
  const { prf } = made.getClientExtensionResults();
  const credential = encode(new Uint8Array(made.rawId));
  if (prf?.results?.first) return { credential, site, secret: octetsOf(prf.results.first) };
  // Some give the secret only when they are asked again.
  if (prf?.enabled) return ask(site, { [credential]: salt });
  throw new PasskeyTrouble("cannot");
}

/** The account's own passkeys and hardware keys, which may serve for this as well; nothing if there are none. */
export async function factorsOf(): Promise<Factors | undefined> {
  const { means } = await whoIsSignedIn();
  if (!means.includes("webauthn")) return undefined;
  const { options } = await beginShowing("webauthn");
  const asked = options?.publicKey ?? options;
  const all = asked?.allowCredentials?.map(({ id }) => id) ?? [];
  return asked && all.length > 0 ? { site: asked.rpId ?? location.hostname, credentials: all } : undefined;
}
