// The page's side of the worker that holds the private key; begun when it is first needed.

import { useSyncExternalStore } from "react";

/** The key that wraps the private key, under what its owner knows. */
export interface WordWrap {
  by: "passphrase" | "recovery";
  salt: string;
  memory: number;
  passes: number;
  lanes: number;
  wrapped: string;
}

/** What a passkey gives for a salt, and which passkey that is. */
export interface Passkey {
  salt: string;
  credential: string;
  /** The site that the passkey is for (its RP ID). */
  site: string;
  label: string;
  since: string;
}

/** The same key under what a passkey of its owner's gives (docs/end-to-end.md). */
export interface PasskeyWrap extends Passkey {
  by: "passkey";
  wrapped: string;
}

export type Wrap = WordWrap | PasskeyWrap;

/** A private key as it rests with the server. */
export interface Sealed {
  v: 1;
  wraps: Wrap[];
  key: string;
}

export interface Made {
  certificate: Uint8Array;
  fingerprint: string;
  sealed: Sealed;
}

/** What was encrypted; whether the signature over it is of one of the keys that were given. */
export interface Opened {
  content: Uint8Array;
  signature: "good" | "bad" | "unknown" | "none";
}

export interface Asked {
  id: number;
  work: "make" | "unlock" | "unlockBy" | "protect" | "reveal" | "fingerprintOf" | "sealIndexed" | "openIndexed" | "rewrap" | "wrapBy";
  given: unknown;
}

type Waiting = { resolve: (value: never) => void; reject: (error: Error) => void };

let worker: Worker | undefined;
let count = 0;
let unlocked: string | undefined;
const waiting = new Map<number, Waiting>();
const listeners = new Set<() => void>();

function begin(): Worker {
  const begun = new Worker(new URL("./pgp.worker.ts", import.meta.url), { type: "module" });
  begun.addEventListener("message", ({ data }: MessageEvent<{ id: number; value?: never; error?: string }>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) one?.resolve(data.value as never);
    else one?.reject(new Error(data.error));
  });
  begun.addEventListener("error", (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message || "the browser cannot encrypt here"));
    waiting.clear();
  });
  return begun;
}

function ask<T>(work: Asked["work"], given: unknown): Promise<T> {
  worker ??= begin();
  count += 1;
  const asked: Asked = { id: count, work, given };
  return new Promise<T>((resolve, reject) => {
    waiting.set(asked.id, { resolve, reject });
    // A worker has no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    worker?.postMessage(asked);
  });
}

function nowUnlocked(fingerprint: string | undefined): void {
  unlocked = fingerprint;
  for (const tell of listeners) tell();
}

/** The fingerprint of the key that is unlocked in this page, asked once. */
export const unlockedNow = (): string | undefined => unlocked;

const atLock: (() => void)[] = [];

/** Has something forgotten together with the key. */
export const onLock = (forget: () => void): void => void atLock.push(forget);

/** The fingerprint of the key that is unlocked in this page. */
export function useUnlocked(): string | undefined {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => unlocked,
  );
}

/** Makes a key; it is unlocked once [nowUsed] was told, as before it is not with the server. */
export const make = (given: { name: string; email: string; passphrase: string; recovery: string }) => ask<Made>("make", given);

export const nowUsed = ({ fingerprint }: Made): void => nowUnlocked(fingerprint);

/** Unlocks by passphrase or recovery code. Gives whether it opened. */
export async function unlock(sealed: Sealed, given: string): Promise<boolean> {
  const fingerprint = await ask<string | undefined>("unlock", { sealed, given });
  if (fingerprint !== undefined) nowUnlocked(fingerprint);
  return fingerprint !== undefined;
}

/** Unlocks by what a passkey gave. Gives whether it opened. */
export async function unlockBy(sealed: Sealed, credential: string, given: Uint8Array): Promise<boolean> {
  const fingerprint = await ask<string | undefined>("unlockBy", { sealed, credential, given });
  if (fingerprint !== undefined) nowUnlocked(fingerprint);
  return fingerprint !== undefined;
}

/** The key that is unlocked, as it rests when it opens by this passkey, too. */
export const wrapBy = (sealed: Sealed, passkey: Passkey, given: Uint8Array) => ask<Sealed>("wrapBy", { sealed, passkey, given });

/** The key as it rests under another passphrase; recovery code and passkeys stay. Nothing if `given` opens it not. */
export const rewrap = (sealed: Sealed, given: string, passphrase: string) => ask<Sealed | undefined>("rewrap", { sealed, given, passphrase });

/** Forgets the private key. */
export function lock(): void {
  worker?.terminate();
  worker = undefined;
  for (const { reject } of waiting.values()) reject(new Error("locked"));
  waiting.clear();
  for (const forget of atLock) forget();
  nowUnlocked(undefined);
}

/** Signs, and encrypts to these and to oneself. */
export const protect = (content: Uint8Array, certificates: Uint8Array[]) => ask<string>("protect", { content, certificates });

export const reveal = (armored: string, signers: Uint8Array[]) => ask<Opened>("reveal", { armored, signers });

/** As [reveal] for what one has encrypted and signed for oneself. */
export const revealOwn = (armored: string) => ask<Opened>("reveal", { armored });

/** Seals a text of the index of encrypted mail, for the message that it is of. */
export const sealIndexed = (id: string, text: string) => ask<Uint8Array>("sealIndexed", { id, text });

export const openIndexed = (id: string, sealed: Uint8Array) => ask<string>("openIndexed", { id, sealed });

export const fingerprintOf = (certificate: Uint8Array) => ask<string>("fingerprintOf", { certificate });
