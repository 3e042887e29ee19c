// Sent messages that wait for an answer: a keyword says for how many days. Who has answered takes it away; what nobody answered in time is
// told.

import { refusedIn } from "../jmap/client";
import type { Filter, Id } from "../jmap/types";
import type { MailStore } from "../store/store";

/** Days that can be waited for. Each has a keyword, of which an account has few. */
export const WAITS = [1, 3, 7, 14] as const;
const DAY_MS = 86_400_000;
/** Messages that are looked at. */
const LOOKED_AT_MAX = 500;

export function waitKeyword(days: number): string {
  return `$followup-${days}`;
}

/** For how many days a message waits; 0 if it does not. */
export function waitOf(keywords: Record<string, true>): number {
  return WAITS.find((days) => keywords[waitKeyword(days)]) ?? 0;
}

/** All that wait. */
export const WAITING: Filter = { operator: "OR", conditions: WAITS.map((days) => ({ hasKeyword: waitKeyword(days) })) };

/** Takes the keyword from what was answered; gives how many were not answered in time. */
export async function lookAfterWaiting(store: MailStore, now: Date): Promise<number> {
  const { accountId, client } = store;
  const batch = client.batch();
  const waiting = batch.call("Email/query", { accountId, filter: { operator: "AND", conditions: [WAITING, { notKeyword: "$draft" }] }, limit: LOOKED_AT_MAX });
  const sent = batch.call("Email/get", { accountId, "#ids": waiting.at("/ids"), properties: ["id", "threadId", "keywords", "receivedAt"] });
  const threads = batch.call("Thread/get", { accountId, "#ids": sent.at("/list/*/threadId") });
  const members = batch.call("Email/get", { accountId, "#ids": threads.at("/list/*/emailIds"), properties: ["id", "threadId", "from", "receivedAt"] });
  await batch.send();
  const own = new Set(store.identities.map(({ email }) => email.toLowerCase()));
  const isAnswered = (message: { threadId: Id; receivedAt: string }) =>
    members.value.list.some((it) => it.threadId === message.threadId && it.receivedAt > message.receivedAt && !it.from?.some(({ email }) => own.has(email.toLowerCase())));
  const answered = sent.value.list.filter(isAnswered);
  if (answered.length > 0) {
    const update = Object.fromEntries(answered.map(({ id, keywords }) => [id, { [`keywords/${waitKeyword(waitOf(keywords))}`]: null }]));
    const refused = refusedIn(await client.call("Email/set", { accountId, update }));
    store.wake();
    if (refused) throw refused;
  }
  return sent.value.list.filter((it) => !isAnswered(it) && now.getTime() - new Date(it.receivedAt).getTime() > waitOf(it.keywords) * DAY_MS).length;
}
