// Templates: messages with the keyword `$template`, in a mailbox of their own, each in the language that its header names. Any mail client
// can open and write them.

import { Refused, refusedIn } from "../jmap/client";
import type { Id, Identity } from "../jmap/types";
import type { MailStore } from "../store/store";
import { type Attached, attachedOf, type Draft, emailOf, picturesOf, quoted } from "./draft";

export const TEMPLATE = "$template";
/** Templates that are offered. */
const TEMPLATES_MAX = 200;

export interface Template {
  id: Id;
  name: string;
  /** A tag (RFC 5646); empty if none is named. */
  language: string;
  html: string;
  files: Attached[];
}

export async function readTemplates(store: MailStore): Promise<Template[]> {
  const { accountId, client } = store;
  const batch = client.batch();
  const query = batch.call("Email/query", { accountId, filter: { hasKeyword: TEMPLATE }, sort: [{ property: "subject" }], limit: TEMPLATES_MAX });
  const emails = batch.call("Email/get", {
    accountId,
    "#ids": query.at("/ids"),
    properties: ["id", "subject", "textBody", "htmlBody", "attachments", "bodyValues"],
    bodyProperties: ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language"],
    fetchHTMLBodyValues: true,
  });
  await batch.send();
  return emails.value.list.map((message) => ({
    id: message.id,
    name: message.subject ?? "",
    language: message.htmlBody[0]?.language?.[0] ?? "",
    html: quoted(message, picturesOf(store, message)),
    files: attachedOf(message),
  }));
}

/** The mailbox that templates lie in; made when the first is saved. It is not shown among the folders. */
async function place(store: MailStore, name: string): Promise<Id> {
  const known = [...store.mailboxes.values()].find((it) => it.name === name && it.parentId === null && !it.role);
  if (known) return known.id;
  const answer = await store.client.call("Mailbox/set", { accountId: store.accountId, create: { templates: { name, parentId: null, isSubscribed: false } } });
  const id = answer.created?.templates?.id;
  if (!id) throw refusedIn(answer) ?? new Refused("notCreated");
  await store.refresh();
  return id;
}

export async function saveTemplate(store: MailStore, draft: Draft, identity: Identity, language: string, folder: string): Promise<void> {
  const email = emailOf({ ...draft, to: "", cc: "", bcc: "", inReplyTo: null, references: null }, identity, await place(store, folder));
  const inLanguage = (parts: unknown) => (parts as object[]).map((part) => ({ ...part, language: [language] }));
  const made = { ...email, keywords: { [TEMPLATE]: true, $seen: true }, textBody: inLanguage(email.textBody), htmlBody: inLanguage(email.htmlBody) };
  const answer = await store.client.call("Email/set", { accountId: store.accountId, create: { template: made } });
  if (!answer.created?.template) throw refusedIn(answer) ?? new Refused("notCreated");
  store.wake();
}
