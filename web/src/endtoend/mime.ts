// Messages as they are encrypted: inside the true header fields (RFC 9788) and all that is said, outside what the way needs (RFC 3156).

import { encode, random } from "../sealed/octets";

export interface Written {
  from: { name: string; email: string };
  to: string[];
  subject: string;
  text: string;
  html: string;
  files: { name: string; type: string; content: Uint8Array }[];
  inReplyTo: string[] | null;
  references: string[] | null;
  now: Date;
}

const LINE_BYTES = 57;
const WORD_BYTES = 42;

function base64(octets: Uint8Array): string {
  const lines = [];
  for (let at = 0; at < octets.length; at += LINE_BYTES) lines.push(btoa(String.fromCharCode(...octets.subarray(at, at + LINE_BYTES))));
  return lines.join("\r\n");
}

/** Encoded words (RFC 2047), each of whole letters. */
function words(text: string): string {
  if (/^[\x20-\x7E]*$/.test(text) && !text.includes("=?") && text.length < 200) return text;
  const encoder = new TextEncoder();
  const pieces: string[] = [];
  let piece = "";
  for (const letter of text.replace(/[\r\n]+/g, " ")) {
    if (encoder.encode(piece + letter).length > WORD_BYTES) {
      pieces.push(piece);
      piece = "";
    }
    piece += letter;
  }
  return [...pieces, piece].map((it) => `=?UTF-8?B?${btoa(String.fromCharCode(...encoder.encode(it)))}?=`).join("\r\n ");
}

const quoted = (name: string) => (name === "" ? "" : /^[\x20-\x7E]*$/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}" ` : `${words(name)} `);
const date = (now: Date) => now.toUTCString().replace("GMT", "+0000");
const boundary = () => `=_${encode(random(18))}`;

function multipart(kind: string, parts: string[]): string {
  const between = boundary();
  return [`Content-Type: multipart/${kind}; boundary="${between}"`, "", ...parts.flatMap((part) => [`--${between}`, part]), `--${between}--`, ""].join("\r\n");
}

const part = (type: string, content: Uint8Array, fields: string[] = []) => [`Content-Type: ${type}`, "Content-Transfer-Encoding: base64", ...fields, "", base64(content)].join("\r\n");

/** Fields that stand inside and outside alike. */
function shared({ from, to, inReplyTo, references, now }: Written, id: string): [string, string][] {
  const list = (ids: string[] | null) => (ids ?? []).map((it) => `<${it}>`).join("\r\n ");
  const fields: [string, string][] = [["From", `${quoted(from.name)}<${from.email}>`], ["To", to.map((it) => `<${it}>`).join(",\r\n ")], ["Date", date(now)], ["Message-ID", id]];
  if (inReplyTo && inReplyTo.length > 0) fields.push(["In-Reply-To", list(inReplyTo)]);
  if (references && references.length > 0) fields.push(["References", list(references)]);
  return fields;
}

const HIDDEN = "[...]";
const write = ([name, value]: [string, string]) => `${name}: ${value}`;

/** What is encrypted (RFC 9788 section 5.2: `hp="cipher"`, and what stands outside as HP-Outer). */
export function inner(message: Written, id: string): Uint8Array {
  const utf8 = new TextEncoder();
  const page = `<!doctype html><html><head><meta charset="utf-8"></head><body>${message.html}</body></html>`;
  const body = multipart("alternative", [part("text/plain; charset=utf-8", utf8.encode(message.text)), part("text/html; charset=utf-8", utf8.encode(page))]);
  const files = message.files.map(({ name, type, content }) => part(/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : "application/octet-stream", content, [`Content-Disposition: attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)}`]));
  const whole = (files.length === 0 ? body : multipart("mixed", [body, ...files])).replace(/^(Content-Type: [^\r]*)/, '$1; hp="cipher"');
  const outside = [...shared(message, id), ["Subject", HIDDEN] as [string, string]];
  const fields = [...shared(message, id), ["Subject", words(message.subject)] as [string, string]].map(write);
  return utf8.encode([...fields, ...outside.map((field) => `HP-Outer: ${write(field)}`), "MIME-Version: 1.0", whole].join("\r\n"));
}

/** What travels. */
export function outer(message: Written, id: string, armored: string): string {
  const between = boundary();
  return [
    ...shared(message, id).map(write), `Subject: ${HIDDEN}`, "MIME-Version: 1.0",
    `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="${between}"`, "",
    `--${between}`, "Content-Type: application/pgp-encrypted", "", "Version: 1", "",
    `--${between}`, "Content-Type: application/octet-stream; name=\"encrypted.asc\"", "Content-Disposition: inline; filename=\"encrypted.asc\"", "",
    armored.trim().replace(/\r?\n/g, "\r\n"), `--${between}--`, "",
  ].join("\r\n");
}
