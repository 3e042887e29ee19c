// Changes of everything that a search finds, however much it is: the server names the messages, and they are changed some hundred at a
// time.

import { refusedIn } from "../jmap/client";
import type { Filter, Id } from "../jmap/types";
import { type Change, inverse, patchOf } from "./change";
import type { MailStore } from "./store";

/** Messages that are changed by one request: few enough that others are served between. */
export const BATCH = 500;

type Places = { id: Id; mailboxIds: Record<Id, true>; keywords: Record<string, true> };
type Patch = Record<string, true | null>;

/** What is to be done with each message; nothing if it stays as it is. */
export type Make = (message: Places) => Change | "destroy" | undefined;

export interface Swept {
  /** Messages that were changed. */
  count: number;
  /** Whether it was stopped before its end. */
  stopped: boolean;
  /** Puts back what was changed; absent where that cannot be. */
  undo: (() => Promise<void>) | undefined;
}

export interface Watching {
  tell: (done: number, total: number) => void;
  stop: AbortSignal;
}

function batches<T>(all: T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / length) }, (_, index) => all.slice(index * length, (index + 1) * length));
}

/**
 * Does with each message that fits `filter` what `make` says. What was done stays done when it is stopped or fails; a failure is thrown
 * after the screens were told to look anew.
 */
export async function sweep(store: MailStore, filter: Filter, make: Make, { tell, stop }: Watching): Promise<Swept> {
  const { accountId, client } = store;
  const { ids } = await client.call("Email/query", { accountId, filter });
  const length = Math.min(BATCH, client.core.maxObjectsInSet ?? BATCH, client.core.maxObjectsInGet ?? BATCH);
  const back = new Map<Id, Patch>();
  let count = 0;
  let done = 0;
  let destroys = false;
  try {
    for (const batch of batches(ids, length)) {
      if (stop.aborted) break;
      tell(done, ids.length);
      const { list } = await client.call("Email/get", { accountId, ids: batch, properties: ["id", "mailboxIds", "keywords"] });
      const update: Record<Id, Patch> = {};
      const destroy: Id[] = [];
      for (const message of list) {
        const change = make(message);
        if (change === "destroy") destroy.push(message.id);
        else if (change) {
          const patch = patchOf(inverse(message, change));
          if (Object.keys(patch).length === 0) continue;
          update[message.id] = patchOf(change);
          back.set(message.id, patch);
        }
      }
      done += batch.length;
      if (destroy.length + Object.keys(update).length === 0) continue;
      destroys ||= destroy.length > 0;
      const answer = await client.call("Email/set", { accountId, update, destroy });
      const refused = Object.keys({ ...answer.notUpdated, ...answer.notDestroyed });
      for (const id of refused) back.delete(id);
      count += destroy.length + Object.keys(update).length - refused.length;
      const why = refusedIn(answer);
      // What another program has taken away meanwhile needs no change any more.
      if (why && why.type !== "notFound") throw why;
    }
    tell(ids.length, ids.length);
  } finally {
    store.wake();
  }
  return { count, stopped: stop.aborted && done < ids.length, undo: destroys ? undefined : () => putBack(store, back, length) };
}

async function putBack(store: MailStore, back: ReadonlyMap<Id, Patch>, length: number): Promise<void> {
  try {
    for (const batch of batches([...back], length)) {
      const refused = refusedIn(await store.client.call("Email/set", { accountId: store.accountId, update: Object.fromEntries(batch) }));
      if (refused && refused.type !== "notFound") throw refused;
    }
  } finally {
    store.wake();
  }
}
