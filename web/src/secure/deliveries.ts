// Deliveries of the portal on the sender's side: made, listed and read in his browser. The server sees ciphertext and wrapped keys.

import { act } from "../account/api";
import { Refused, Unreachable } from "../jmap/client";
import { derive, type Lock, messageOctets, openReply, readMessage, replyPair, type SealedMessage, unwrap, wrap } from "../sealed/format";
import { decode, encode, type Octets, random } from "../sealed/octets";
import { ARGON, stretch } from "../sealed/stretch";
import { fetchOctets, fetchPart, sendParts } from "../sealed/transfer";
import { keep, type Own, recall } from "./keeper";

export interface Listed {
  name: string;
  to: string;
  state: "open" | "expired" | "revoked" | "used-up" | "shut";
  lock: Lock["kind"];
  created: string;
  expires: string;
  openings: number;
  openings_max: number;
  opened: string | null;
  bytes: number;
  replies: number;
  link: string;
  telephone: string | null;
  own: string;
}

export const list = () => act<Listed[]>("portal-list", {});
export const revoke = (name: string) => act<object>("portal-revoke", { name });
export const extend = (name: string) => act<object>("portal-extend", { name, days: 0, openings: 0 });

/** How a delivery is protected. */
export interface Protection {
  kind: Lock["kind"];
  password: string;
  telephone: string;
  days: number;
  openings: number;
  language: "en" | "zh";
}

export interface Made {
  to: string;
  /** What the partner opens, with the secret in its fragment if it opens by link. */
  link: string;
  expires: string;
}

async function chunk(name: string, reply: string, part: number, number: number, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/portal/${name}/${reply}/${part}/${number}`, { credentials: "same-origin", cache: "no-store", ...init });
  } catch {
    throw new Unreachable("no connection");
  }
  if (response.ok) return response;
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  throw new Refused(detail ?? `status ${response.status}`);
}

/** Encrypts a message with its files for one partner and sends it. */
export async function deliver(owner: string, message: SealedMessage, files: Blob[], protection: Protection, notify: boolean, tell: (share: number) => void): Promise<Made> {
  const { kind, days, openings, language } = protection;
  const salt = encode(random(16));
  const lock: Lock = kind === "password" ? { kind, salt, ...ARGON } : { kind, salt, memory_kib: 0, passes: 0, lanes: 0 };
  const given = kind === "password" ? protection.password : encode(random(32));
  const { key, proof } = await derive(given, lock, stretch);
  const content = random(32);
  const pair = replyPair();
  const own = await keep(owner, { content: encode(content), secret: encode(pair.secret), subject: message.subject });
  const { kind: word, ...figures } = lock;
  const made = await act<{ name: string; link: string }>("portal-create", {
    to: message.to, language, lock: word, ...figures, proof: encode(proof), key: await wrap(key, content), reply_key: encode(pair.open),
    reply_secret: await wrap(content, pair.secret), own, telephone: protection.telephone || null, days, openings,
  });
  const put = async (part: number, number: number, sealed: Octets) =>
    void (await chunk(made.name, "0", part, number, { method: "PUT", headers: { "content-type": "application/octet-stream" }, body: sealed }));
  const chunks = await sendParts(content, [new Blob([messageOctets(message)]), ...files], put, tell);
  const { expires } = await act<{ expires: string }>("portal-send", { name: made.name, chunks, notify });
  return { to: message.to, link: kind === "link" ? `${made.link}#${given}` : made.link, expires };
}

interface Shown {
  name: string;
  lock: Lock;
  key: string;
  reply_secret: string;
  own: string;
  parts: number[];
  replies: { id: string; created: string; public_key: string; key: string; parts: number[] }[];
}

/** A message of a delivery: the own one, or a reply. */
export interface Read {
  id: string;
  created: string | undefined;
  message: SealedMessage;
  file: (index: number, tell: (share: number) => void) => Promise<Blob>;
}

/** The password or the link is needed, as this browser does not have the keys. */
export class NeedsSecret extends Error {
  constructor(readonly kind: Lock["kind"]) {
    super("the delivery was made in another browser");
  }
}

async function keysOf(owner: string, shown: Shown, given: string | undefined): Promise<{ content: Octets; secret: Octets }> {
  const own: Own | undefined = await recall(owner, shown.own);
  if (own) return { content: decode(own.content), secret: decode(own.secret) };
  if (given === undefined) throw new NeedsSecret(shown.lock.kind);
  // A link is given whole or as its fragment.
  const { key } = await derive(shown.lock.kind === "link" ? given.slice(given.indexOf("#") + 1).trim() : given, shown.lock, stretch);
  const content = await unwrap(key, shown.key);
  return { content, secret: await unwrap(content, shown.reply_secret) };
}

/** The replies to a delivery, and itself first as long as it is there. Throws [NeedsSecret]. */
export async function read(owner: string, name: string, given: string | undefined): Promise<Read[]> {
  const shown = await act<Shown>("portal-show", { name });
  const { content, secret } = await keysOf(owner, shown, given);
  const readAt = async (id: string, created: string | undefined, key: Octets, parts: number[]): Promise<Read> => {
    const get = async (part: number, number: number) => new Uint8Array(await (await chunk(name, id, part, number)).arrayBuffer());
    const message = readMessage(await fetchOctets(key, 0, parts[0] ?? 0, get));
    return { id, created, message, file: (index, tell) => fetchPart(key, index + 1, parts[index + 1] ?? 0, get, tell) };
  };
  // Of what has expired or was taken back the ciphertext is gone; the replies stay.
  const own = await readAt("0", undefined, content, shown.parts).catch(() => undefined);
  const replies = await Promise.all(shown.replies.map(async (it) => readAt(it.id, it.created, await openReply(secret, content, it.public_key, it.key), it.parts)));
  return own ? [own, ...replies] : replies;
}
