// The newest mail, kept in this browser for when there is no connection, and what is to be sent once there is one. Only where somebody wants
// it: it lies on this device as it is. Signing out takes it away.

import type { Id, Session } from "../jmap/types";
import type { Draft } from "../compose/draft";
import type { Dump } from "../store/store";
import { forgetIndex } from "../endtoend/index-store";

const NAME = "tradewind";

export interface Kept {
  session: Session;
  account: Id;
  dump: Dump;
}

/** A message that waits for a connection. */
export interface Waiting {
  key: number;
  account: Id;
  draft: Draft;
  /** The draft that it was last saved as. */
  savedId: Id | undefined;
  /** When it is to be sent at the earliest, in milliseconds since 1970; 0 for at once. */
  at: number;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("storage failed")));
  });
}

async function database(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore("kept");
    request.result.createObjectStore("outbox", { keyPath: "key", autoIncrement: true });
  });
  return done(request);
}

async function within<T>(store: "kept" | "outbox", mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opened = await database();
  try {
    return await done(work(opened.transaction(store, mode).objectStore(store)));
  } finally {
    opened.close();
  }
}

export const readKept = (): Promise<Kept | undefined> => within("kept", "readonly", (store) => store.get("mail") as IDBRequest<Kept | undefined>);

export async function keep(kept: Kept): Promise<void> {
  await within("kept", "readwrite", (store) => store.put(kept, "mail"));
}

export const readOutbox = (): Promise<Waiting[]> => within("outbox", "readonly", (store) => store.getAll() as IDBRequest<Waiting[]>);

export async function putIntoOutbox(waiting: Omit<Waiting, "key"> & { key?: number }): Promise<void> {
  await within("outbox", "readwrite", (store) => store.put(waiting));
}

export async function takeFromOutbox(key: number): Promise<void> {
  await within("outbox", "readwrite", (store) => store.delete(key));
}

/** Takes away the mail and the page that are kept in this browser. What waits to be sent stays: nobody else has it. */
export async function forgetMail(): Promise<void> {
  await within("kept", "readwrite", (store) => store.clear());
  await forgetIndex();
  if ("caches" in window) for (const name of await caches.keys()) await caches.delete(name);
  if ("serviceWorker" in navigator) for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister();
}

/** Takes away all that there is, unless something waits to be sent. Says whether it is gone. */
export async function forgetAll(): Promise<boolean> {
  if ((await readOutbox()).length > 0) return false;
  await forgetMail();
  await new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(NAME);
    // Another page of ours has it open: it goes when that is closed.
    for (const event of ["success", "error", "blocked"]) request.addEventListener(event, resolve);
  });
  return true;
}

/** Has the page itself be there without a connection. */
export async function keepPage(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/sw.js");
  await navigator.serviceWorker.ready;
  // What is written without a connection is written with these.
  await Promise.all([import("../compose/composer"), import("../compose/editor")]);
}
