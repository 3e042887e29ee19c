// What of the index of encrypted mail rests in this browser: for each message a text that the key alone opens.

const NAME = "tradewind-encrypted-search";

/** A message in the index, as it rests. */
export interface Resting {
  /** Account, fingerprint and message. */
  place: [string, string, string];
  sealed: Uint8Array;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("storage failed")));
  });
}

async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const request = indexedDB.open(NAME, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore("messages", { keyPath: "place" }));
  const opened = await done(request);
  try {
    return await done(work(opened.transaction("messages", mode).objectStore("messages")));
  } finally {
    opened.close();
  }
}

/** All of an account that is under the key with this fingerprint. */
export const readAll = (account: string, fingerprint: string): Promise<Resting[]> =>
  within("readonly", (store) => store.getAll(IDBKeyRange.bound([account, fingerprint, ""], [account, fingerprint, "\uFFFF"])) as IDBRequest<Resting[]>);

export async function put(resting: Resting): Promise<void> {
  await within("readwrite", (store) => store.put(resting));
}

export async function remove(place: Resting["place"]): Promise<void> {
  await within("readwrite", (store) => store.delete(place));
}

/** Takes all of it away, as when somebody signs out. */
export const forgetIndex = (): Promise<void> =>
  new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(NAME);
    for (const event of ["success", "error", "blocked"]) request.addEventListener(event, () => resolve());
  });
