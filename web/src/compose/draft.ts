// A message that is being written, and the messages that answer another.

import type { Address, Id, Identity, Message } from "../jmap/types";
import { cleanHtml } from "../mail/sanitise";
import { parseAddresses, showAddresses } from "./addresses";

export interface Attached {
  key: string;
  name: string;
  type: string;
  size: number;
  /** There once it is uploaded. */
  blobId?: Id;
}

export interface Draft {
  identityId: Id;
  to: string;
  cc: string;
  bcc: string;
  subject: string;
  html: string;
  text: string;
  files: Attached[];
  inReplyTo: string[] | null;
  references: string[] | null;
  /** The message that it answers, for its keyword. */
  answers: { id: Id; keyword: "$answered" | "$forwarded" } | undefined;
}

/** Words that stand in an answer. */
export interface Words {
  wrote: (name: string, date: string) => string;
  forwarded: string;
}

export function emptyDraft(identity: Identity): Draft {
  return {
    identityId: identity.id, to: "", cc: "", bcc: "", subject: "", html: signature(identity), text: "", files: [],
    inReplyTo: null, references: null, answers: undefined,
  };
}

function signature({ htmlSignature, textSignature }: Identity): string {
  if (htmlSignature) return `<p></p>${cleanHtml(htmlSignature).body.innerHTML}`;
  if (!textSignature) return "";
  return `<p></p>${paragraphs(textSignature)}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function paragraphs(text: string): string {
  return text.split(/\n{2,}/).map((part) => `<p>${escapeHtml(part).replaceAll("\n", "<br>")}</p>`).join("");
}

/** What a message says, as simple HTML that is safe to write on in. */
function quoted(message: Message): string {
  return message.htmlBody
    .map(({ partId, type }) => {
      const value = partId === null ? "" : (message.bodyValues[partId]?.value ?? "");
      if (type !== "text/html") return paragraphs(value);
      const { body } = cleanHtml(value);
      for (const style of body.querySelectorAll("style, img")) style.remove();
      return body.innerHTML;
    })
    .join("");
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** Who of ours a message was for; whoever answers does so under that address. */
export function identityFor(message: Message, identities: Identity[]): Identity | undefined {
  const recipients = [...(message.to ?? []), ...(message.cc ?? []), ...(message.from ?? [])];
  return identities.find((it) => recipients.some(({ email }) => same(email, it.email))) ?? identities[0];
}

function prefixed(prefix: string, known: RegExp, subject: string | null): string {
  const plain = subject?.trim() ?? "";
  return known.test(plain) ? plain : `${prefix} ${plain}`.trim();
}

/** The recipients of an answer (RFC 5322 section 3.6.3): to all but ourselves if `all`. */
export function recipients(message: Message, own: Identity[], all: boolean): { to: Address[]; cc: Address[] } {
  const isOwn = ({ email }: Address) => own.some((it) => same(it.email, email));
  const sender = message.replyTo?.length ? message.replyTo : (message.from ?? []);
  // An answer to what we wrote goes on to whom we wrote.
  const to = sender.every(isOwn) ? (message.to ?? []) : sender;
  if (!all) return { to, cc: [] };
  const seen = new Set(to.map(({ email }) => email.toLowerCase()));
  const cc = [...(message.to ?? []), ...(message.cc ?? [])].filter((it) => {
    const isNew = !isOwn(it) && !seen.has(it.email.toLowerCase());
    seen.add(it.email.toLowerCase());
    return isNew;
  });
  return { to, cc };
}

export function replyDraft(message: Message, identity: Identity, own: Identity[], all: boolean, date: string, words: Words): Draft {
  const { to, cc } = recipients(message, own, all);
  const sender = message.from?.[0];
  const intro = escapeHtml(words.wrote(sender?.name || sender?.email || "", date));
  return {
    ...emptyDraft(identity),
    to: showAddresses(to),
    cc: showAddresses(cc),
    subject: prefixed("Re:", /^(?:re|aw|sv|回复|答复)\s*[:\uFF1A]/i, message.subject),
    html: `${signature(identity)}<p></p><p>${intro}</p><blockquote>${quoted(message)}</blockquote>`,
    inReplyTo: message.messageId,
    references: [...(message.references ?? []), ...(message.messageId ?? [])],
    answers: { id: message.id, keyword: "$answered" },
  };
}

export function forwardDraft(message: Message, identity: Identity, date: string, words: Words): Draft {
  const lines = [words.forwarded, `From: ${showAddresses(message.from)}`, `Date: ${date}`, `Subject: ${message.subject ?? ""}`, `To: ${showAddresses(message.to)}`];
  return {
    ...emptyDraft(identity),
    subject: prefixed("Fwd:", /^(?:fwd?|wg|转发)\s*[:\uFF1A]/i, message.subject),
    html: `${signature(identity)}<p></p><p>${lines.map(escapeHtml).join("<br>")}</p>${quoted(message)}`,
    files: attachedOf(message),
    references: [...(message.references ?? []), ...(message.messageId ?? [])],
    answers: { id: message.id, keyword: "$forwarded" },
  };
}

function attachedOf(message: Message): Attached[] {
  return message.attachments.flatMap(({ blobId, name, type, size }) => (blobId ? [{ key: blobId, blobId, name: name ?? "", type, size }] : []));
}

/** A draft that was saved, to be written on. */
export function savedDraft(message: Message, identity: Identity): Draft {
  return {
    ...emptyDraft(identity),
    to: showAddresses(message.to),
    cc: showAddresses(message.cc),
    bcc: showAddresses(message.bcc),
    subject: message.subject ?? "",
    html: quoted(message),
    files: attachedOf(message),
    references: message.references,
  };
}

/** The draft as a message to create (RFC 8621 section 4.6). Addresses that cannot be read are left out of a draft that is only saved. */
export function emailOf(draft: Draft, identity: Identity, mailboxId: Id): Record<string, unknown> {
  const addresses = (text: string) => {
    try {
      return parseAddresses(text);
    } catch {
      return text.split(/[,;\uFF0C\uFF1B]/).flatMap((part) => {
        try {
          return parseAddresses(part);
        } catch {
          return [];
        }
      });
    }
  };
  const given = (name: string, list: unknown[] | null) => (list && list.length > 0 ? { [name]: list } : {});
  return {
    mailboxIds: { [mailboxId]: true },
    keywords: { $draft: true, $seen: true },
    from: [{ name: identity.name || null, email: identity.email }],
    ...given("replyTo", identity.replyTo),
    ...given("to", addresses(draft.to)),
    ...given("cc", addresses(draft.cc)),
    ...given("bcc", addresses(draft.bcc)),
    ...given("inReplyTo", draft.inReplyTo),
    ...given("references", draft.references),
    subject: draft.subject,
    textBody: [{ partId: "text", type: "text/plain" }],
    htmlBody: [{ partId: "html", type: "text/html" }],
    bodyValues: {
      text: { value: draft.text },
      html: { value: `<!doctype html><html><head><meta charset="utf-8"></head><body>${draft.html}</body></html>` },
    },
    ...given(
      "attachments",
      draft.files.filter(({ blobId }) => blobId).map(({ blobId, name, type }) => ({ blobId, name, type, disposition: "attachment" })),
    ),
  };
}
