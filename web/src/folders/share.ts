// Who else may do what in a mailbox (RFC 9670, docs/jmap.md#sharing).

import { StepUp } from "../account/api";
import { refusedIn } from "../jmap/client";
import type { Id, Mailbox, Principal, Rights, ShareNotification } from "../jmap/types";
import type { MailStore } from "../store/store";

/** What is given of a mailbox. */
export type Level = "read" | "write";

const CHANGING = ["mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords"] as const;

/** What rights amount to; "whole" where the whole account was opened, which is not changed here. */
export function levelOf(rights: Rights): Level | "whole" {
  if (rights.mayCreateChild) return "whole";
  return rights.mayAddItems ? "write" : "read";
}

/** The rights of a level. What goes with a whole account is left out, so that it stays as it is. */
export function rightsOf(level: Level): Rights {
  return { mayReadItems: true, ...Object.fromEntries(CHANGING.map((name) => [name, level === "write"])) };
}

/** Gives somebody rights, or takes them away. Throws [StepUp], [Refused]. */
export async function share(store: MailStore, mailbox: Id, principal: Id, level: Level | undefined): Promise<void> {
  const patch = { [`shareWith/${principal}`]: level === undefined ? null : rightsOf(level) };
  const answer = await store.client.call("Mailbox/set", { accountId: store.accountId, update: { [mailbox]: patch } });
  if (answer.notUpdated?.[mailbox]?.maxAge !== undefined) throw new StepUp();
  await store.refresh();
  const refused = refusedIn(answer);
  if (refused) throw refused;
}

/** Whose names are wanted. */
export async function peopleOf(store: MailStore, ids: Id[]): Promise<Principal[]> {
  if (ids.length === 0) return [];
  return (await store.client.call("Principal/get", { accountId: store.accountId, ids, properties: ["name", "email"] })).list;
}

/** Colleagues whose name or address has `text` in it. */
export async function findPeople(store: MailStore, text: string, limit: number): Promise<Principal[]> {
  const batch = store.client.batch();
  const accountId = store.accountId;
  const found = batch.call("Principal/query", { accountId, filter: { text, type: "individual" }, sort: [{ property: "name", isAscending: true }], limit });
  const people = batch.call("Principal/get", { accountId, "#ids": found.at("/ids"), properties: ["name", "email"] });
  await batch.send();
  return people.value.list;
}

/** With whom a mailbox is shared. */
export function sharedWith(mailbox: Mailbox): [Id, Rights][] {
  return Object.entries(mailbox.shareWith ?? {});
}

/** What others have given and taken back, the newest first. */
export async function notices(store: MailStore, accountId: Id, limit: number): Promise<ShareNotification[]> {
  const batch = store.client.batch();
  const found = batch.call("ShareNotification/query", { accountId, sort: [{ property: "created", isAscending: false }], limit });
  const got = batch.call("ShareNotification/get", { accountId, "#ids": found.at("/ids") });
  await batch.send();
  const order = found.value.ids;
  return got.value.list.toSorted((one, other) => order.indexOf(one.id) - order.indexOf(other.id));
}

export async function dismiss(store: MailStore, accountId: Id, ids: Id[]): Promise<void> {
  const refused = refusedIn(await store.client.call("ShareNotification/set", { accountId, destroy: ids }));
  if (refused) throw refused;
}
