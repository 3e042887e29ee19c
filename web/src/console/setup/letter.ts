// A letter of whoever sets the server up to somewhere else, and what became of it or of one from there.

import { act } from "../../account/api";
import { Client, Refused, refusedIn } from "../../jmap/client";
import { MAIL } from "../../jmap/types";
import type { Traced } from "../flow/trace-screen";

export interface Story extends Traced {
  standing: string;
  steps: { time: string; kind: string; text: string }[];
}

/** Steps that say why it came out as it did. */
const TELLING = {
  out: ["ruled", "stopped", "refused", "attempted", "told", "passed-on"],
  in: ["authenticated", "judged", "refused", "quarantined", "delivered"],
};

/** Traces that are looked through for one from outside. */
const LOOKED_AT = 20;

/** Sends a letter from the own address; a copy is in Sent. Gives its Message-ID. Throws [Refused] with why it was not taken. */
export async function sendLetter(to: string, subject: string, text: string): Promise<string> {
  const client = await Client.open();
  const accountId = client.session.primaryAccounts[MAIL] ?? "";
  const known = client.batch();
  const boxes = known.call("Mailbox/get", { accountId, ids: null });
  const identities = known.call("Identity/get", { accountId, ids: null });
  await known.send();
  const sent = boxes.value.list.find(({ role }) => role === "sent");
  const [identity] = identities.value.list;
  if (!sent || !identity) throw new Refused("mailboxNotFound");
  const messageId = `${crypto.randomUUID()}@${identity.email.split("@").at(-1)}`;
  const letter = {
    mailboxIds: { [sent.id]: true },
    keywords: { $seen: true },
    messageId: [messageId],
    from: [{ name: identity.name || null, email: identity.email }],
    to: [{ name: null, email: to }],
    subject,
    textBody: [{ partId: "text", type: "text/plain" }],
    bodyValues: { text: { value: text } },
  };
  const batch = client.batch();
  const made = batch.call("Email/set", { accountId, create: { letter } });
  const submitted = batch.call("EmailSubmission/set", { accountId, create: { submission: { identityId: identity.id, emailId: "#letter", envelope: { mailFrom: { email: identity.email }, rcptTo: [{ email: to }] } } } });
  await batch.send();
  const refused = refusedIn(made.value) ?? refusedIn(submitted.value);
  const id = made.value.created?.letter?.id;
  if (refused && id) await client.call("Email/set", { accountId, destroy: [id] });
  if (refused) throw refused;
  return messageId;
}

const list = async (wanted: object): Promise<Traced[]> => (await act<{ items: Traced[] }>("trace-list", { ...wanted, limit: LOOKED_AT })).items;
const show = (id: string, language: string): Promise<Story> => act<Story>("trace-show", { id, language });

/** What became of the letter, as soon as there is a trace of it. */
export async function letterStory(messageId: string, language: string): Promise<Story | undefined> {
  const [traced] = await list({ message_id: messageId });
  return traced && show(traced.id, language);
}

/** What became of the latest message from outside to an address, of those that came after a moment. */
export async function incomingStory(address: string, since: string, language: string): Promise<Story | undefined> {
  const traced = (await list({ address, direction: "in", since })).find(({ client }) => client !== null);
  return traced && show(traced.id, language);
}

/** Whether nothing more is to be expected of it by itself. */
export const isOver = ({ outcome }: { outcome: string }): boolean => outcome !== "waiting" && outcome !== "held";

/** The sentences that say why it came out as it did, the latest of those that repeat one another. */
export function tellingSteps({ steps, direction }: Story): string[] {
  const told = steps.filter(({ kind }) => TELLING[direction].includes(kind));
  const last = new Map(told.map((step) => [step.kind, step]));
  return told.filter((step) => last.get(step.kind) === step || step.kind === "told").map(({ text }) => text);
}

/** Whether mail of ours has reached somebody elsewhere. */
export async function hasReachedOutside(domains: string[]): Promise<boolean> {
  const isOutside = (address: string) => !domains.includes(address.split("@").at(-1)?.toLowerCase() ?? "");
  return (await list({ direction: "out", outcome: "delivered" })).some(({ to }) => to.some(isOutside));
}

/** Whether mail from elsewhere has reached somebody here. */
export async function hasComeFromOutside(): Promise<boolean> {
  return (await list({ direction: "in", outcome: "delivered" })).some(({ client }) => client !== null);
}
