// The server's API as far as somebody looks after the own account with it (docs/access.md, docs/factors.md).

import { Refused, SignedOut, Unreachable } from "../jmap/client";

/** A strong factor has to be shown first. */
export class StepUp extends Error {}

/** A second person has to approve it. */
export class Waiting extends Error {}

/** Stands before the digits of an identifier that has more bits than a number holds here; no keyboard gives it. */
const MARK = "\uE000";
/** Identifiers as an answer has them: those by their names, and all that a number cannot hold. */
const NUMBER = /(?<!\\)("(?:id|authority|request|grant)":)(\d+)(?=[,}])|(?<!\\)(":)(\d{16,})(?=[,}])/g;
const MARKED = new RegExp(`"${MARK}(\\d+)"`, "g");

/** An answer's text with its identifiers as texts, to be written as they came. */
export const marked = (text: string): string => text.replace(NUMBER, (_, name: string | undefined, digits: string, colon: string, long: string) => (name === undefined ? `${colon}"${MARK}${long}"` : `${name}"${MARK}${digits}"`));

/** A request's text with the identifiers of answers as the numbers that they are. */
export const unmarked = (text: string): string => text.replace(MARKED, "$1");

/** An identifier as it stands in an address of the page, and back. */
export const idInPath = (id: string): string => id.replace(MARK, "n");
export const idOfPath = (text: string): string => (/^n\d+$/.test(text) ? MARK + text.slice(1) : text);

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...init });
  } catch {
    throw new Unreachable("no connection");
  }
  const text = marked(await response.text());
  const body = (text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : {}) as { type?: string; title?: string; detail?: string };
  if (response.status === 202) throw new Waiting();
  if (response.ok) return body as T;
  if (body.type === "urn:tradewind:problem:step-up") throw new StepUp();
  if (body.type === "urn:tradewind:problem:not-signed-in") throw new SignedOut();
  if (response.status >= 500) throw new Unreachable(body.detail ?? `status ${response.status}`);
  throw new Refused(body.detail ?? body.title ?? `status ${response.status}`);
}

async function post<T>(path: string, body: object): Promise<T> {
  return ask<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: unmarked(JSON.stringify(body)) });
}

/** Carries out an action of the API. Throws [StepUp], [Waiting], [Refused]. */
export function act<T>(action: string, body: object): Promise<T> {
  return post<T>(`/api/v1/${action}`, body);
}

export interface Factor {
  id: string;
  kind: "sms" | "totp" | "passkey" | "hardware-key" | "ukey";
  label: string;
  hint: string;
  since: string;
  used: string | null;
}

export interface WebSession {
  id: string;
  since: string;
  seen: string;
  from: string | null;
  agent: string | null;
}

export interface AppPassword {
  id: string;
  label: string;
  scope: string;
  since: string;
  used: string | null;
  from: string | null;
}

export interface Program {
  id: string;
  client: string;
  scope: string;
  since: string;
  used: string;
}

export interface SignInEvent {
  id: string;
  time: string;
  outcome: string;
  answer: string | null;
  from: string;
  country: string | null;
  by: string;
  said: string;
  /** Degrees north and east of what is known of the place. */
  spot: [number, number] | null;
}

/** Whether the password was right, or what stood in its place. */
export function wentWell({ outcome }: SignInEvent): boolean {
  return outcome === "accepted" || outcome === "factor-needed";
}

/** Who is signed in. */
export interface SignedIn {
  state: string;
  means: string[];
  address: string;
  session: string;
}

/** The session is named as the list of sessions names it. */
export const whoIsSignedIn = async (): Promise<SignedIn> => {
  const known = await ask<SignedIn>("/api/session");
  return { ...known, session: MARK + known.session };
};

/** What an enrolment that has begun shows. */
export interface Begun {
  challenge: string;
  secret?: string;
  uri?: string;
  qr?: { side: number; path: string };
  number?: string;
  options?: { publicKey?: PublicKeyCredentialCreationOptionsJSON } & PublicKeyCredentialCreationOptionsJSON;
}

/** Kinds of factor that may be enrolled now. Throws [StepUp]. */
export const enrollable = async () => (await ask<{ kinds: Factor["kind"][] }>("/api/account/factors")).kinds;

/** Whether the archive of the account would be given now. Throws [StepUp]. */
export const mayTakeOut = () => ask<object>("/api/account/takeout");

export const beginFactor = (kind: string, label: string, number: string | undefined) => post<Begun>("/api/account/factors/begin", { kind, label, number });

export const finishFactor = (kind: string, challenge: string, answer: { code?: string; credential?: unknown }) =>
  post<{ recovery_codes: string[] }>("/api/account/factors/finish", { kind, challenge, ...answer });

export const beginShowing = (means: string) =>
  post<{ challenge?: string; number?: string; options?: { publicKey?: PublicKeyCredentialRequestOptionsJSON } & PublicKeyCredentialRequestOptionsJSON }>("/api/sign-in/factor/begin", { means });

export const showFactor = (means: string, answer: { challenge?: string; code?: string; credential?: unknown }) => post<{ state: string }>("/api/sign-in/factor", { means, ...answer });
