// What the page asks of the server. No cookie goes with it.

import type { Lock } from "../sealed/format";
import type { Octets } from "../sealed/octets";

/** The server said no; `word` is one that the page has a text for. */
export class Problem extends Error {
  constructor(
    readonly word: string,
    readonly wait: number,
  ) {
    super(word);
  }
}

export interface Asked {
  lock: Lock;
  language: string;
  telephone: string | null;
  expires: string;
  openings_left: number;
}

export interface Opened {
  visit: string;
  key: string;
  reply_key: string;
  chunks: number[];
  expires: string;
  openings_left: number;
  bytes_max: number;
}

const name = location.pathname.split("/")[2] ?? "";

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/p/${encodeURIComponent(name)}/${path}`, { credentials: "omit", cache: "no-store", redirect: "error", ...init });
  } catch {
    throw new Problem("no-connection", 0);
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { type?: string; wait?: number | null };
  throw new Problem(body.type?.replace("urn:tradewind:portal:", "") ?? "unavailable", body.wait ?? 0);
}

const json = (body: object): RequestInit => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const look = async () => (await (await ask("lock")).json()) as Asked;

export const sendCode = async (proof: string) => void (await ask("code", json({ proof })));

export const open = async (proof: string, code: string | undefined) => (await (await ask("open", json(code === undefined ? { proof } : { proof, code }))).json()) as Opened;

export async function getChunk(visit: string, part: number, number: number): Promise<Octets> {
  const response = await ask(`chunk/${part}/${number}`, { headers: { "x-visit": visit } });
  return new Uint8Array(await response.arrayBuffer());
}

export async function beginReply(visit: string): Promise<string> {
  const response = await ask("reply", { method: "POST", headers: { "x-visit": visit } });
  return ((await response.json()) as { reply: string }).reply;
}

export async function putChunk(visit: string, reply: string, part: number, number: number, sealed: Octets): Promise<void> {
  await ask(`reply/${reply}/${part}/${number}`, { method: "PUT", headers: { "x-visit": visit, "content-type": "application/octet-stream" }, body: sealed });
}

export async function endReply(visit: string, reply: string, body: { public_key: string; key: string; chunks: number[] }): Promise<void> {
  const init = json(body);
  await ask(`reply/${reply}`, { ...init, headers: { "content-type": "application/json", "x-visit": visit } });
}
