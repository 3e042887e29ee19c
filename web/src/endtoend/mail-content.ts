// What is inside of an encrypted message.

import PostalMime from "postal-mime";
import { canonical } from "./directory";

export interface Content {
  subject: string;
  text: string;
  html: string | undefined;
  files: { name: string; type: string; content: Uint8Array }[];
  /** The author as text; the address, canonical, if there is one. */
  from: string;
  author: string | undefined;
  /** Recipients as text; their addresses, canonical. */
  to: string;
  recipients: string[];
}

const octets = (content: ArrayBuffer | Uint8Array | string) => (typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content));

/** Reads it, text from HTML where there is nothing else. */
export async function contentOf(raw: Uint8Array): Promise<Content> {
  const mail = await PostalMime.parse(raw);
  const from = mail.from && "address" in mail.from ? mail.from : undefined;
  const to = [...(mail.to ?? []), ...(mail.cc ?? [])].flatMap((it) => ("address" in it && it.address ? [{ name: it.name, address: it.address }] : []));
  const words = ({ name, address }: { name: string; address?: string | undefined }) => `${name} ${address ?? ""}`.trim();
  return {
    subject: mail.subject ?? "",
    text: mail.text ?? "",
    html: mail.html || undefined,
    files: mail.attachments.map(({ filename, mimeType, content }) => ({ name: filename ?? "", type: mimeType, content: octets(content) })),
    from: from ? words(from) : "",
    author: from?.address ? canonical(from.address) : undefined,
    to: to.map(words).join(", "),
    recipients: to.map(({ address }) => canonical(address)),
  };
}
