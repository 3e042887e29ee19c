// Making, changing and deleting mailboxes (RFC 8621 section 2.5).

import { refusedIn } from "../jmap/client";
import type { Id, Mailbox } from "../jmap/types";
import type { MailStore } from "./store";

/** What people say of a mailbox. */
export interface Place {
  name: string;
  parentId: Id | null;
}

/** Why a name will not do, as the key of its text; nothing if it will. The server has the last word. */
export function wrongName({ name, parentId }: Place, mailboxes: Iterable<Mailbox>, bytesMax: number, own?: Id): string | undefined {
  const plain = name.trim();
  if (plain === "") return "folders.name-empty";
  if (plain.includes("/")) return "folders.name-slash";
  if (new TextEncoder().encode(plain).length > bytesMax) return "folders.name-long";
  const isTaken = [...mailboxes].some((it) => it.id !== own && it.parentId === parentId && it.name.toLowerCase() === plain.toLowerCase());
  return isTaken ? "folders.name-taken" : undefined;
}

/** A mailbox and all that lie in it. */
export function within(id: Id, mailboxes: Iterable<Mailbox>): Set<Id> {
  const all = [...mailboxes];
  const found = new Set([id]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const mailbox of all) if (mailbox.parentId !== null && found.has(mailbox.parentId)) found.add(mailbox.id);
  }
  return found;
}

async function set(store: MailStore, change: { create?: Record<Id, object>; update?: Record<Id, object>; destroy?: Id[] }): Promise<void> {
  const answer = await store.client.call("Mailbox/set", { accountId: store.accountId, ...change } as never);
  await store.refresh();
  const refused = refusedIn(answer);
  if (refused) throw refused;
}

export async function makeMailbox(store: MailStore, place: Place): Promise<void> {
  await set(store, { create: { made: { ...place, name: place.name.trim(), isSubscribed: true } } });
}

export async function changeMailbox(store: MailStore, id: Id, change: Partial<Place & { isSubscribed: boolean }>): Promise<void> {
  await set(store, { update: { [id]: change } });
}

/** Deletes a mailbox in which nothing lies any more. */
export async function deleteMailbox(store: MailStore, id: Id): Promise<void> {
  await set(store, { destroy: [id] });
}
