// What is asked of the server for a list, a conversation and messages, each in one request.

import { type Client, Refused } from "../jmap/client";
import { type EmailBody, type EmailSender, type Id, LABEL, type Message, type QueryAnswer, RECEIPT, type Summary, type Thread, VERDICT, type Verdict } from "../jmap/types";
import type { ListQuery } from "./list";

export const SUMMARY = [
  "id", "blobId", "threadId", "mailboxIds", "keywords", "from", "to", "subject", "receivedAt", "preview", "hasAttachment", "size",
];
const MESSAGE = [
  ...SUMMARY, "cc", "bcc", "replyTo", "sentAt", "messageId", "references", "textBody", "htmlBody", "attachments", RECEIPT, LABEL,
];
const PART = ["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid"];

/** A row's share of a message; its body is not kept with it. */
export function summaryOf(message: Message): Summary {
  const { id, blobId, threadId, mailboxIds, keywords, from, to, subject, receivedAt, preview, hasAttachment, size } = message;
  return { id, blobId, threadId, mailboxIds, keywords, from, to, subject, receivedAt, preview, hasAttachment, size };
}

/** Messages with their texts. */
function withTexts(messages: Message[], bodies: EmailBody[]): Message[] {
  const texts = new Map(bodies.map(({ id, parts }) => [id, Object.fromEntries(parts.map((part) => [part.partId, part]))]));
  return messages.map((message) => ({ ...message, bodyValues: texts.get(message.id) ?? {} }));
}

/** A part of a list with its rows and their conversations. */
export async function askPage(client: Client, accountId: Id, list: ListQuery, position: number, limit: number): Promise<QueryAnswer & { rows: Summary[]; threads: Thread[] }> {
  const batch = client.batch();
  const query = batch.call("Email/query", { accountId, ...list, position, limit, calculateTotal: true });
  const emails = batch.call("Email/get", { accountId, "#ids": query.at("/ids"), properties: SUMMARY });
  const threads = batch.call("Thread/get", { accountId, "#ids": emails.at("/list/*/threadId") });
  await batch.send();
  return { ...query.value, rows: emails.value.list, threads: threads.value.list };
}

export interface Conversation {
  emailIds: Id[];
  messages: Message[];
  verdicts: Verdict[];
  senders: EmailSender[];
}

/** A conversation with all that is shown of it. Texts come sanitised: what the messages themselves say never gets here. */
export async function askThread(client: Client, accountId: Id, threadId: Id): Promise<Conversation> {
  const batch = client.batch();
  const thread = batch.call("Thread/get", { accountId, ids: [threadId] });
  const ids = { accountId, "#ids": thread.at("/list/*/emailIds") };
  const emails = batch.call("Email/get", { ...ids, properties: MESSAGE, bodyProperties: PART });
  const bodies = batch.call("EmailBody/get", ids);
  const isJudged = VERDICT in client.session.capabilities;
  const senders = isJudged ? batch.call("EmailSender/get", ids) : undefined;
  const verdicts = isJudged ? batch.call("Verdict/get", ids) : undefined;
  await batch.send();
  const [found] = thread.value.list;
  if (!found) throw new Refused("notFound");
  const messages = withTexts(emails.value.list, bodies.value.list);
  return { emailIds: found.emailIds, messages, verdicts: verdicts?.value.list ?? [], senders: senders?.value.list ?? [] };
}

/** Messages with their texts. */
export async function askMessages(client: Client, accountId: Id, ids: Id[]): Promise<Message[]> {
  const batch = client.batch();
  const emails = batch.call("Email/get", { accountId, ids, properties: MESSAGE, bodyProperties: PART });
  const bodies = batch.call("EmailBody/get", { accountId, ids });
  await batch.send();
  return withTexts(emails.value.list, bodies.value.list);
}
