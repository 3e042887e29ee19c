// One's own key as it rests with the server.

import { act, StepUp } from "../account/api";
import { type Client, refusedIn } from "../jmap/client";
import type { Id } from "../jmap/types";
import type { Made, PasskeyWrap, Sealed } from "./engine";

/** A key of OpenPGP of the account (docs/jmap.md). */
export interface KeyObject {
  id: Id;
  fingerprint: string;
  custody: "owner" | "server";
  state: "active" | "retired";
  isPublished: boolean;
  sealedPrivate: string | null;
}

export interface OwnKey {
  fingerprint: string;
  isPublished: boolean;
  sealed: Sealed;
  /** The same as it rests, in Base64. */
  resting: string;
}

function sealedIn(text: string | null): Sealed | undefined {
  try {
    const sealed = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text ?? ""), (letter) => letter.charCodeAt(0)))) as Sealed;
    return sealed.v === 1 && Array.isArray(sealed.wraps) ? sealed : undefined;
  } catch {
    return undefined;
  }
}

/** The key that a browser of this account made; nothing if none did. */
export async function ownKey(client: Client, accountId: Id): Promise<OwnKey | undefined> {
  const { list } = await client.call("CryptoKey/get", { accountId, ids: null, properties: ["fingerprint", "custody", "state", "isPublished", "sealedPrivate"] });
  for (const { fingerprint, custody, state, isPublished, sealedPrivate } of list) {
    const sealed = sealedIn(sealedPrivate);
    if (custody === "owner" && state === "active" && sealed) return { fingerprint, isPublished, sealed, resting: sealedPrivate ?? "" };
  }
  return undefined;
}

const base64 = (octets: Uint8Array) => btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(""));

/** Puts a new key where it rests: the public side, and the private one as it was sealed. Needs a fresh strong factor. */
export async function keep(client: Client, accountId: Id, { certificate, sealed }: Made): Promise<void> {
  const create = { key: { certificate: base64(certificate), sealedPrivate: base64(new TextEncoder().encode(JSON.stringify(sealed))) } };
  const answer = await client.call("CryptoKey/set", { accountId, create });
  if (answer.notCreated?.key?.maxAge !== undefined) throw new StepUp();
  const refused = refusedIn(answer);
  if (refused) throw refused;
}

const hexOf = (octets: ArrayBuffer) => Array.from(new Uint8Array(octets), (octet) => octet.toString(16).padStart(2, "0")).join("");

/** The passkeys that open it. */
export const passkeysOf = ({ sealed }: OwnKey) => sealed.wraps.filter((wrap): wrap is PasskeyWrap => wrap.by === "passkey");

/** The key as it rests when it opens by this passkey no longer. */
export const withoutPasskey = (sealed: Sealed, credential: string): Sealed => ({ ...sealed, wraps: sealed.wraps.filter((wrap) => wrap.by !== "passkey" || wrap.credential !== credential) });

/** Puts the key as it was sealed anew in place of what rests, if nobody else has meanwhile. Needs a fresh strong factor. */
export async function reseal(address: string, { fingerprint, resting }: OwnKey, sealed: Sealed): Promise<void> {
  const replaces = hexOf(await crypto.subtle.digest("SHA-256", Uint8Array.from(atob(resting), (letter) => letter.charCodeAt(0))));
  await act<object>("openpgp-reseal", { address, key_id: fingerprint, sealed_private: base64(new TextEncoder().encode(JSON.stringify(sealed))), replaces });
}

/** Enters the key into the directory, for colleagues to write to. Needs a fresh strong factor. */
export const enter = (address: string, fingerprint: string) => act<object>("openpgp-publish", { address, key_id: fingerprint, on: true });
