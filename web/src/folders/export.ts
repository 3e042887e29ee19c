// A mailbox as a file that other programs read: mbox (RFC 4155), with lines that begin with "From " marked as in mboxrd.

import type { Id } from "../jmap/types";
import type { MailStore } from "../store/store";
import type { Watching } from "../store/sweep";

/** Messages of which the names are asked for together. */
const BATCH = 200;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The line before a message: its sender and when it came, in UTC as asctime writes it. */
export function fromLine(sender: string | undefined, at: Date): string {
  const two = (value: number, fill = "0") => String(value).padStart(2, fill);
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map((it) => two(it)).join(":");
  const safe = sender && /^[\x21-\x7E]+$/.test(sender) ? sender : "MAILER-DAEMON";
  return `From ${safe} ${DAYS[at.getUTCDay()]} ${MONTHS[at.getUTCMonth()]} ${two(at.getUTCDate(), " ")} ${time} ${at.getUTCFullYear()}\n`;
}

/** A message as it stands in the file: octets as they were, lines ended as Unix does, "From " marked. */
export function framed(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  // Each octet as one letter: what they mean is not touched.
  let text = "";
  for (let at = 0; at < raw.length; at += 1 << 15) text += String.fromCharCode(...raw.subarray(at, at + (1 << 15)));
  const lines = text.replaceAll("\r\n", "\n").replace(/^(>*From )/gm, ">$1");
  const ended = lines.endsWith("\n") ? `${lines}\n` : `${lines}\n\n`;
  return Uint8Array.from(ended, (letter) => letter.charCodeAt(0));
}

/** All messages of a mailbox as one file. What was read until it is stopped is given. */
export async function exportMailbox(store: MailStore, mailbox: Id, { tell, stop }: Watching): Promise<{ file: Blob; count: number }> {
  const { accountId, client } = store;
  const { ids } = await client.call("Email/query", { accountId, filter: { inMailbox: mailbox }, sort: [{ property: "receivedAt", isAscending: true }] });
  const parts: BlobPart[] = [];
  let count = 0;
  for (let at = 0; at < ids.length && !stop.aborted; at += BATCH) {
    const { list } = await client.call("Email/get", { accountId, ids: ids.slice(at, at + BATCH), properties: ["id", "blobId", "from", "receivedAt"] });
    for (const { blobId, from, receivedAt } of list) {
      if (stop.aborted) break;
      tell(count, ids.length);
      const raw = await client.download(accountId, blobId, "message/rfc822");
      // Deleted meanwhile.
      if (!raw) continue;
      parts.push(fromLine(from?.[0]?.email, new Date(receivedAt)), framed(new Uint8Array(await raw.arrayBuffer())));
      count += 1;
    }
  }
  tell(count, ids.length);
  return { file: new Blob(parts, { type: "application/mbox" }), count };
}

/** Has the browser save a file. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
