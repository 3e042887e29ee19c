// What two people compare: one number made of both their keys, the same on both sides; as a code to be scanned as well.

import { utf8 } from "../sealed/octets";

const GROUPS = 12;
const OCTETS_OF_GROUP = 5;
const CODE = "TRADEWIND-KEYS:1:";
/** How programs of OpenPGP write a fingerprint into a code. */
const FINGERPRINT_CODE = "OPENPGP4FPR:";

/** Sixty digits, 199 bits of a SHA-512 over the fingerprints of both keys. Which of them is one's own is all the same. */
export async function safetyNumber(one: string, other: string): Promise<string> {
  const both = [one.toUpperCase(), other.toUpperCase()].sort().join("\n");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-512", utf8(`tradewind safety number 1\n${both}\n`)));
  return Array.from({ length: GROUPS }, (_, group) => {
    const octets = hash.slice(group * OCTETS_OF_GROUP, (group + 1) * OCTETS_OF_GROUP);
    return String(octets.reduce((sum, octet) => sum * 256 + octet, 0) % 100_000).padStart(5, "0");
  }).join("");
}

export const codeOf = (number: string): string => CODE + number;

/** What a scanned code says of the comparison. */
export type Scanned = "same" | "different" | "foreign";

/** Whether a code is the number that both sides must have, or the fingerprint of the other side's key. */
export function compare(code: string, number: string, theirs: string): Scanned {
  const text = code.trim();
  if (text.startsWith(CODE)) return text === codeOf(number) ? "same" : "different";
  if (text.toUpperCase().startsWith(FINGERPRINT_CODE)) {
    const fingerprint = /^[0-9A-F]+/i.exec(text.slice(FINGERPRINT_CODE.length))?.[0] ?? "";
    return fingerprint.toUpperCase() === theirs.toUpperCase() ? "same" : "different";
  }
  return "foreign";
}
