// What somebody may do (RFC 8621 section 2, `myRights`): in the own account everything, in another what its owner permits.

import type { Mailbox, MailboxRights, Summary } from "../jmap/types";
import type { MailStore } from "./store";

export type Right = Exclude<keyof MailboxRights, "mayShare">;

/** Whether something may be done in a mailbox, or in a search, where each message is asked about by the server. */
export function mayIn(store: MailStore, mailbox: Mailbox | undefined, right: Right): boolean {
  return mailbox ? mailbox.myRights[right] : !store.client.session.accounts[store.accountId]?.isReadOnly;
}

/** Whether something may be done with a message: it must be permitted wherever that lies. */
export function mayWith(store: MailStore, message: Summary, right: Right): boolean {
  return Object.keys(message.mailboxIds).every((id) => store.mailboxes.get(id)?.myRights[right] ?? false);
}
