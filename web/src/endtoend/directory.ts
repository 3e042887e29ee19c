// Keys of colleagues, as the audit log has them (docs/end-to-end.md). What was seen once is kept: a log that was written anew and a key that is
// another than before are told, never passed over.

import type { Client } from "../jmap/client";
import type { Id } from "../jmap/types";
import { utf8 } from "../sealed/octets";
import { fingerprintOf } from "./engine";
import { Alarm, checkGrowth, checkRecord, hex, openCheckpoint, type Proof, sha256 } from "./log";

const LOG = "tradewind.key-log:";
const KNOWN = "tradewind.known-keys:";

export interface Answer {
  organisation: string;
  logKey: string | null;
  checkpoint: string | null;
  growth: string[] | null;
  list: { id: string; certificate: string | null; entries: Told[] }[];
  notFound: string[];
}

interface Told {
  record: string | null;
  proof: Proof | null;
  salt: string;
  text: string;
}

/** What an entry says; its record has been proven. */
export interface Entry {
  address: string;
  fingerprint: string;
  custody: "owner" | "server";
  kind: "entered" | "withdrawn";
  at: string;
}

/** A key that the log has for an address. */
export interface Colleague {
  address: string;
  certificate: Uint8Array;
  fingerprint: string;
  since: string;
  /** The fingerprint that was known before, if it was another: somebody has to compare this one. */
  before: string | undefined;
}

interface Log {
  key: string;
  checkpoint: string;
}

const kept = <T>(place: string): T | undefined => JSON.parse(localStorage.getItem(place) ?? "null") as T | undefined ?? undefined;

/** An address as the directory has it: in lower case, its domain in ASCII. */
export function canonical(address: string): string {
  const at = address.lastIndexOf("@");
  const domain = URL.canParse(`https://${address.slice(at + 1)}`) ? new URL(`https://${address.slice(at + 1)}`).hostname : address.slice(at + 1);
  return `${address.slice(0, at)}@${domain}`.toLowerCase();
}

/** Keys that the log has for these addresses, each proven; those without one that its owner alone can use are left out. Throws [Alarm]. */
export async function colleagues(client: Client, accountId: Id, addresses: string[]): Promise<Colleague[]> {
  const owner = client.session.username;
  const known = kept<Record<string, string>>(KNOWN + owner) ?? {};
  const found: Colleague[] = [];
  for (const { id, certificate, said } of await proven(client, accountId, addresses)) {
    const last = said.at(-1);
    if (!last || !certificate || last.kind !== "entered" || last.custody !== "owner") continue;
    const octets = Uint8Array.from(atob(certificate), (letter) => letter.charCodeAt(0));
    // Few, and each is told by itself if it is wrong.
    // oxlint-disable-next-line no-await-in-loop
    if ((await fingerprintOf(octets)) !== last.fingerprint) throw new Alarm(`the key of ${id} is not the one in the log`);
    const earlier = known[id];
    found.push({ address: id, certificate: octets, fingerprint: last.fingerprint, since: last.at, before: earlier === last.fingerprint ? undefined : earlier });
    known[id] ??= last.fingerprint;
  }
  localStorage.setItem(KNOWN + owner, JSON.stringify(known));
  return found;
}

/** Entries of one's own addresses with another key than those of `mine`. Throws [Alarm]. */
export async function foreign(client: Client, accountId: Id, addresses: string[], mine: Set<string>): Promise<Entry[]> {
  const all = await proven(client, accountId, addresses);
  return all.flatMap(({ said }) => said.filter(({ kind, fingerprint }) => kind === "entered" && !mine.has(fingerprint)));
}

/** What the directory says of each address, all of it proven. */
async function proven(client: Client, accountId: Id, addresses: string[]): Promise<{ id: string; certificate: string | null; said: Entry[] }[]> {
  const owner = client.session.username;
  const log = kept<Log>(LOG + owner);
  const before = log && (await openCheckpoint(log.checkpoint, log.key));
  const ids = addresses.map(canonical);
  const answer = await client.call("DirectoryKey/get", { accountId, ids, ...(before ? { knownSize: before.size } : {}) });
  if (!answer.logKey || !answer.checkpoint) {
    if (log) throw new Alarm("the log that was there is gone");
    return [];
  }
  if (log && log.key !== answer.logKey) throw new Alarm("the log has another key than before");
  const head = await openCheckpoint(answer.checkpoint, answer.logKey);
  if (before) await checkGrowth(before, head, answer.growth);
  localStorage.setItem(LOG + owner, JSON.stringify({ key: answer.logKey, checkpoint: answer.checkpoint }));
  return Promise.all(answer.list.map(async ({ id, certificate, entries }) => ({ id, certificate, said: await Promise.all(entries.map((entry) => prove(entry, id, answer.organisation, head))) })));
}

/** From now on this key is the known one of its address, as somebody has compared it, or takes it as it is. */
export function accept(client: Client, { address, fingerprint }: Colleague): void {
  const place = KNOWN + client.session.username;
  localStorage.setItem(place, JSON.stringify({ ...kept<Record<string, string>>(place), [address]: fingerprint }));
}

async function prove({ record, proof, salt, text }: Told, address: string, organisation: string, head: { size: number; root: Uint8Array<ArrayBuffer> }): Promise<Entry> {
  if (record === null || proof === null) throw new Alarm(`what is told of ${address} is not in the log yet`);
  await checkRecord(record, proof, head);
  const leaf = JSON.parse(record) as { actor?: string; action?: string; outcome?: string; commitment?: string };
  const said = JSON.parse(text) as Entry;
  const label = `address:${hex(await sha256(utf8(`tradewind key directory 1\n${organisation}\n${address}`)))}`;
  const commitment = hex(await sha256(utf8(salt), utf8(text)));
  const fits = leaf.action === "key-directory" && leaf.actor === label && leaf.outcome === said.kind && leaf.commitment === commitment && said.address === address;
  if (!fits) throw new Alarm(`the log has something else about ${address}`);
  return said;
}
