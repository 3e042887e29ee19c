// Octets as text and back.

/** Base64url without padding (RFC 4648 section 5). */
export function encode(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function decode(text: string): Octets {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

/** What WebCrypto takes: octets of an own buffer. */
export type Octets = Uint8Array<ArrayBuffer>;

export const utf8 = (text: string): Octets => new TextEncoder().encode(text) as Octets;

export function random(count: number): Octets {
  return crypto.getRandomValues(new Uint8Array(count));
}

export function join(...parts: Uint8Array[]): Octets {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
