// Labels: names and colours for keywords (docs/jmap.md).

import { Refused, refusedIn } from "../jmap/client";
import { type Id, type Label, LABELS, type LabelsCapability } from "../jmap/types";
import type { MailStore } from "../store/store";

/** Labels as they are listed. */
export function inOrder(labels: Iterable<Label>, tag: string): Label[] {
  const collator = new Intl.Collator(tag, { numeric: true });
  return [...labels].sort((one, other) => one.sortOrder - other.sortOrder || collator.compare(one.name, other.name));
}

/** What the server offers of labels; nothing where it has none. */
export function labelsOf(store: MailStore): LabelsCapability | undefined {
  return store.client.session.accounts[store.accountId]?.accountCapabilities[LABELS] as LabelsCapability | undefined;
}

/** A search for a label's messages. */
export function searchFor({ name }: Label): string {
  // A name with quotation marks cannot be quoted; its words are looked for in the list of labels all the same.
  return /[\s"“”()]/.test(name) ? `label:"${name.replace(/["“”]/g, "")}"` : `label:${name}`;
}

/** The label that is called so in a search. */
export function labelCalled(labels: Iterable<Label>, name: string): Label | undefined {
  const plain = (text: string) => text.replace(/["“”]/g, "").trim().toLowerCase();
  return [...labels].find((label) => plain(label.name) === plain(name));
}

async function set(store: MailStore, change: object) {
  const answer = await store.client.call("Label/set", { accountId: store.accountId, ...change });
  await store.refresh();
  const refused = refusedIn(answer);
  if (refused) throw refused;
  return answer;
}

/** Makes a label; gives it. */
export async function makeLabel(store: MailStore, name: string, color: string): Promise<Label> {
  const { created } = await set(store, { create: { made: { name, color } } });
  const made = store.labels.find(({ id }) => id === created?.made?.id);
  if (!made) throw new Refused("notCreated");
  return made;
}

export async function changeLabel(store: MailStore, id: Id, change: Partial<Pick<Label, "name" | "color">>): Promise<void> {
  await set(store, { update: { [id]: change } });
}

/** Deletes a label, which the server takes from its messages. */
export async function deleteLabel(store: MailStore, id: Id): Promise<void> {
  await set(store, { destroy: [id] });
}
