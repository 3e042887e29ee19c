// Opening an encrypted message: decrypted beside the page, its parts read here, its signature held against the directory of keys.

import type { Message } from "../jmap/types";
import type { MailStore } from "../store/store";
import { canonical, type Colleague, colleagues } from "./directory";
import { type Opened, reveal } from "./engine";
import { contentOf } from "./mail-content";

/** What is said of who wrote it. */
export type Signed = "colleague" | "changed" | "unknown" | "bad" | "none" | "for-others" | "alarm";

export interface Read {
  subject: string;
  text: string;
  html: string | undefined;
  files: { name: string; type: string; content: Uint8Array }[];
  signed: Signed;
  signer: string;
  /** The key that signed, if the directory has it for the author. */
  key: Colleague | undefined;
}

/** Where the ciphertext is; nothing if the message is not encrypted with OpenPGP in MIME (RFC 3156 section 4). */
export const cipherOf = (message: Message) => message.attachments.find(({ blobId, type }) => blobId && type === "application/octet-stream")?.blobId;

export async function read(store: MailStore, message: Message): Promise<Read> {
  const { client, accountId } = store;
  const blobId = cipherOf(message);
  const blob = blobId ? await client.download(accountId, blobId, "application/octet-stream") : undefined;
  if (!blob) throw new Error("notFound");
  const author = message.from?.length === 1 ? canonical(message.from[0]?.email ?? "") : "";
  const own = canonical(client.session.username);
  let isAlarm = false;
  const keys = await colleagues(client, accountId, [author]).catch(() => {
    isAlarm = true;
    return [];
  });
  const opened = await reveal(await blob.text(), keys.map(({ certificate }) => certificate));
  const { subject, text, html, files, author: inside, recipients: all } = await contentOf(opened.content);
  const signed = (): Signed => {
    if (isAlarm) return "alarm";
    if (opened.signature !== "good") return opened.signature satisfies Opened["signature"];
    if (inside !== author) return "bad";
    if (author !== own && !all.some((address) => store.identities.some(({ email }) => canonical(email) === address))) return "for-others";
    return keys[0]?.before === undefined ? "colleague" : "changed";
  };
  const key = opened.signature === "good" ? keys[0] : undefined;
  return { subject, text, html, files, signed: signed(), signer: author, key };
}
