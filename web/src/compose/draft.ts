// A message that is being written, and the messages that answer another.

import { Refused } from "../jmap/client";
import { type Address, type Id, type Identity, LABEL, type Message, RECEIPT } from "../jmap/types";
import { cleanHtml } from "../mail/sanitise";
import { waitKeyword, waitOf } from "../mail/waiting";
import type { MailStore } from "../store/store";
import { parseAddresses, showAddresses } from "./addresses";
import { escapeHtml, inScriptOf, paragraphs, signature } from "./signature";

export interface Attached {
  key: string;
  name: string;
  type: string;
  size: number;
  /** There once it is uploaded. */
  blobId?: Id;
  /** What a picture within the text is called (RFC 2392). */
  cid?: string;
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
  /** Whether a read receipt is asked for (RFC 8098). */
  receipt: boolean;
  /** Its label, for rules on what may be sent; empty for none. */
  label: string;
  /** That it is to go though a rule asks, and why (docs/outbound.md); undefined as long as nobody has said so. */
  override: string | undefined;
  /** Days after which somebody wants to be told that nobody has answered; 0 for never. */
  wait: number;
  inReplyTo: string[] | null;
  references: string[] | null;
  /** The message that it answers, for its keyword. */
  answers: { account: Id; id: Id; keyword: "$answered" | "$forwarded" } | undefined;
}

/** Words that stand in an answer. */
export interface Words {
  wrote: (name: string, date: string) => string;
  forwarded: string;
}

export function emptyDraft(identity: Identity): Draft {
  return {
    identityId: identity.id, to: "", cc: "", bcc: "", subject: "", html: signature(identity), text: "", files: [], receipt: false, label: "", override: undefined, wait: 0,
    inReplyTo: null, references: null, answers: undefined,
  };
}

/** Where a picture of a message is downloaded from, by its Content-ID. */
export type Pictures = (cid: string) => string | undefined;

export function picturesOf(store: MailStore, message: Message): Pictures {
  return (cid) => {
    const part = message.attachments.find((it) => it.cid === cid && /^image\/(?:png|jpeg|gif|webp)$/.test(it.type));
    return part?.blobId ? store.client.downloadUrl(store.accountId, part.blobId, "picture", part.type) : undefined;
  };
}

/** What a message says, as simple HTML that is safe to write on in; with its tables, and the pictures that it brings along. */
export function quoted(message: Message, pictures: Pictures): string {
  return message.htmlBody
    .map(({ partId, type }) => {
      const value = partId === null ? "" : (message.bodyValues[partId]?.value ?? "");
      if (type !== "text/html") return paragraphs(value);
      const { body, inline } = cleanHtml(value);
      for (const { image, cid } of inline) {
        const url = pictures(cid);
        if (!url) continue;
        image.src = url;
        image.setAttribute("data-cid", cid);
      }
      for (const gone of body.querySelectorAll("style, img:not([data-cid])")) gone.remove();
      return body.innerHTML;
    })
    .join("");
}

/** Characters of a message that tell its language. */
const SAID_MAX = 2000;

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** Who of ours a message was for; whoever answers does so under that address. */
export function identityFor(message: Message, identities: Identity[]): Identity | undefined {
  const recipients = [...(message.to ?? []), ...(message.cc ?? []), ...(message.from ?? [])];
  const meant = identities.filter((it) => recipients.some(({ email }) => same(email, it.email)));
  const said = Object.values(message.bodyValues).map(({ value }) => value).join(" ");
  return inScriptOf(`${message.subject ?? ""} ${said.slice(0, SAID_MAX)}`, meant.length > 0 ? meant : identities);
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

export function replyDraft(message: Message, identity: Identity, own: Identity[], all: boolean, date: string, words: Words, store: MailStore): Draft {
  const { to, cc } = recipients(message, own, all);
  const sender = message.from?.[0];
  const intro = escapeHtml(words.wrote(sender?.name || sender?.email || "", date));
  return {
    ...emptyDraft(identity),
    to: showAddresses(to),
    cc: showAddresses(cc),
    subject: prefixed("Re:", /^(?:re|aw|sv|回复|答复)\s*[:\uFF1A]/i, message.subject),
    html: `${signature(identity)}<p></p><p>${intro}</p><blockquote>${quoted(message, picturesOf(store, message))}</blockquote>`,
    files: attachedOf(message).filter(({ cid }) => cid),
    inReplyTo: message.messageId,
    references: [...(message.references ?? []), ...(message.messageId ?? [])],
    answers: { account: store.accountId, id: message.id, keyword: "$answered" },
  };
}

export function forwardDraft(message: Message, identity: Identity, date: string, words: Words, store: MailStore): Draft {
  const lines = [words.forwarded, `From: ${showAddresses(message.from)}`, `Date: ${date}`, `Subject: ${message.subject ?? ""}`, `To: ${showAddresses(message.to)}`];
  return {
    ...emptyDraft(identity),
    subject: prefixed("Fwd:", /^(?:fwd?|wg|转发)\s*[:\uFF1A]/i, message.subject),
    html: `${signature(identity)}<p></p><p>${lines.map(escapeHtml).join("<br>")}</p>${quoted(message, picturesOf(store, message))}`,
    files: attachedOf(message),
    references: [...(message.references ?? []), ...(message.messageId ?? [])],
    answers: { account: store.accountId, id: message.id, keyword: "$forwarded" },
  };
}

export function attachedOf(message: Message): Attached[] {
  // As the message says it, or as the server does that has made it fit to be shown.
  const isPicture = (cid: string | null) => cid !== null && [`cid:${cid}`, `data-cid="${cid}"`].some((name) => message.htmlBody.some(({ partId }) => partId !== null && message.bodyValues[partId]?.value.includes(name)));
  return message.attachments.flatMap(({ blobId, name, type, size, cid }) =>
    blobId ? [{ key: blobId, blobId, name: name ?? "", type, size, ...(cid !== null && isPicture(cid) ? { cid } : {}) }] : [],
  );
}

/** The draft with its files in the account that it is sent from (RFC 8620 section 6.3). */
export async function bringFiles(from: MailStore, to: MailStore, draft: Draft): Promise<Draft> {
  const blobIds = draft.files.flatMap(({ blobId }) => blobId ?? []);
  if (from === to || blobIds.length === 0) return draft;
  const { copied } = await to.client.call("Blob/copy", { fromAccountId: from.accountId, accountId: to.accountId, blobIds });
  const files = draft.files.flatMap((file) => {
    const blobId = file.blobId === undefined ? undefined : copied?.[file.blobId];
    return blobId ? [{ ...file, blobId }] : [];
  });
  if (files.length < draft.files.length) throw new Refused("blobNotFound");
  return { ...draft, files };
}

/** A draft that was saved, to be written on. */
export function savedDraft(message: Message, identity: Identity, store: MailStore): Draft {
  return {
    ...emptyDraft(identity),
    to: showAddresses(message.to),
    cc: showAddresses(message.cc),
    bcc: showAddresses(message.bcc),
    subject: message.subject ?? "",
    html: quoted(message, picturesOf(store, message)),
    files: attachedOf(message),
    receipt: (message[RECEIPT]?.length ?? 0) > 0,
    label: message[LABEL] ?? "",
    override: undefined,
    wait: waitOf(message.keywords),
    references: message.references,
  };
}

/** The text as it leaves: pictures within it are named by their Content-ID. */
function outgoing(html: string): { html: string; cids: Set<string> } {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const cids = new Set<string>();
  for (const image of body.querySelectorAll("img[data-cid]")) {
    const cid = image.getAttribute("data-cid") ?? "";
    cids.add(cid);
    image.setAttribute("src", `cid:${cid}`);
    image.removeAttribute("data-cid");
  }
  return { html: cids.size === 0 ? html : body.innerHTML, cids };
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
  const { html, cids } = outgoing(draft.html);
  const given = (name: string, list: unknown[] | null) => (list && list.length > 0 ? { [name]: list } : {});
  return {
    mailboxIds: { [mailboxId]: true },
    keywords: { $draft: true, $seen: true, ...(draft.wait > 0 ? { [waitKeyword(draft.wait)]: true } : {}) },
    ...(draft.receipt ? { [RECEIPT]: [{ name: null, email: identity.email }] } : {}),
    ...(draft.label ? { [LABEL]: draft.label } : {}),
    ...(draft.override === undefined ? {} : { "header:X-Tradewind-Override:asText": draft.override }),
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
      html: { value: `<!doctype html><html><head><meta charset="utf-8"></head><body>${html}</body></html>` },
    },
    ...given(
      "attachments",
      draft.files
        .filter(({ blobId, cid }) => blobId && (cid === undefined || cids.has(cid)))
        .map(({ blobId, name, type, cid }) => ({ blobId, name, type, ...(cid === undefined ? { disposition: "attachment" } : { disposition: "inline", cid }) })),
    ),
  };
}
