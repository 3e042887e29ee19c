// Saving, sending, and taking back what was sent a moment ago.

import { type Client, Refused, refusedIn } from "../jmap/client";
import { type Id, type Identity, SUBMISSION, type SubmissionCapability } from "../jmap/types";
import type { MailStore } from "../store/store";
import { parseAddresses } from "./addresses";
import { type Draft, emailOf } from "./draft";

/** How long a message can be taken back. */
export const UNDO_SECONDS = 10;

/** Seconds that the server holds messages back at most. */
export function holdMax(store: MailStore): number {
  const capability = store.client.session.accounts[store.accountId]?.accountCapabilities[SUBMISSION] as SubmissionCapability | undefined;
  return capability?.maxDelayedSend ?? 0;
}

function boxes(store: MailStore): { drafts: Id; sent: Id } {
  const drafts = store.mailboxOf("drafts")?.id;
  const sent = store.mailboxOf("sent")?.id;
  if (!drafts || !sent) throw new Refused("mailboxNotFound");
  return { drafts, sent };
}

/** Saves the draft; the one saved before goes. Gives the new one's id. */
export async function saveDraft(store: MailStore, draft: Draft, identity: Identity, before: Id | undefined): Promise<Id> {
  const create = { draft: emailOf(draft, identity, boxes(store).drafts) };
  const answer = await store.client.call("Email/set", { accountId: store.accountId, create, ...(before ? { destroy: [before] } : {}) });
  const id = answer.created?.draft?.id;
  if (!id) throw refusedIn(answer) ?? new Refused("notCreated");
  store.wake();
  return id;
}

/** Sends a saved draft at a time, or after the seconds in which it can be taken back. Gives what takes it back. */
export async function sendSaved(store: MailStore, draft: Draft, identity: Identity, emailId: Id, at: Date): Promise<() => Promise<void>> {
  const { accountId, client } = store;
  const { drafts, sent } = boxes(store);
  const rcptTo = [draft.to, draft.cc, draft.bcc].flatMap(parseAddresses).map(({ email }) => ({ email }));
  // RFC 8621 section 7: a time to hold until is a parameter of the sender (RFC 4865).
  const parameters = { HOLDUNTIL: at.toISOString().replace(/\.\d+Z$/, "Z") };
  const batch = client.batch();
  const submitted = batch.call("EmailSubmission/set", {
    accountId,
    create: { submission: { identityId: identity.id, emailId, envelope: { mailFrom: { email: identity.email, parameters }, rcptTo } } },
    onSuccessUpdateEmail: { "#submission": { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, "keywords/$draft": null } },
  });
  if (draft.answers) {
    const { account, id, keyword } = draft.answers;
    batch.call("Email/set", { accountId: account, update: { [id]: { [`keywords/${keyword}`]: true } } });
  }
  await batch.send();
  const id = submitted.value.created?.submission?.id;
  if (!id) throw refusedIn(submitted.value) ?? new Refused("notCreated");
  store.wake();
  return () => takeBack(store, client, id, emailId, { drafts, sent });
}

async function takeBack(store: MailStore, client: Client, submission: Id, emailId: Id, { drafts, sent }: { drafts: Id; sent: Id }): Promise<void> {
  const { accountId } = store;
  const canceled = await client.call("EmailSubmission/set", { accountId, update: { [submission]: { undoStatus: "canceled" } } });
  const refused = refusedIn(canceled);
  if (refused) throw refused;
  const back = { [`mailboxIds/${sent}`]: null, [`mailboxIds/${drafts}`]: true, "keywords/$draft": true };
  const moved = refusedIn(await client.call("Email/set", { accountId, update: { [emailId]: back } }));
  store.wake();
  if (moved) throw moved;
}
