// A message end to end: signed and encrypted here, then sent as any other. A copy, which one's own key opens, is in Sent.

import { Refused, refusedIn } from "../jmap/client";
import type { Identity } from "../jmap/types";
import { encode, random } from "../sealed/octets";
import type { MailStore } from "../store/store";
import type { Colleague } from "./directory";
import { protect } from "./engine";
import { inner, outer, type Written } from "./mime";

export async function sendProtected(store: MailStore, identity: Identity, message: Written, keys: Colleague[]): Promise<void> {
  const { accountId, client } = store;
  const sent = store.mailboxOf("sent")?.id;
  if (!sent) throw new Refused("mailboxNotFound");
  const id = `<${encode(random(18))}@${identity.email.slice(identity.email.lastIndexOf("@") + 1)}>`;
  const armored = await protect(inner(message, id), keys.map(({ certificate }) => certificate));
  const letter = new Blob([outer(message, id, armored)], { type: "message/rfc822" });
  const { blobId } = await client.upload(accountId, letter, () => {}, new AbortController().signal);
  const batch = client.batch();
  const imported = batch.call("Email/import", { accountId, emails: { letter: { blobId, mailboxIds: { [sent]: true }, keywords: { $seen: true } } } });
  const envelope = { mailFrom: { email: identity.email }, rcptTo: message.to.map((email) => ({ email })) };
  const submitted = batch.call("EmailSubmission/set", { accountId, create: { submission: { identityId: identity.id, emailId: "#letter", envelope } } });
  await batch.send();
  const refused = refusedIn(imported.value) ?? refusedIn(submitted.value);
  const made = imported.value.created?.letter?.id;
  if (refused && made) await client.call("Email/set", { accountId, destroy: [made] });
  if (refused) throw refused;
  store.wake();
}
