// What is typed where recipients go, as addresses.

import type { Address } from "../jmap/types";

/** A text that is no mail address. */
export class BadAddress extends Error {
  constructor(readonly text: string) {
    super(text);
  }
}

/** Commas and semicolons part addresses, those of Chinese keyboards, too; not within quotation marks or angles. */
function parts(text: string): string[] {
  const found: string[] = [];
  let part = "";
  let quoted = false;
  let angled = false;
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === "<") angled = true;
    else if (!quoted && letter === ">") angled = false;
    if (!quoted && !angled && /[,;\n\uFF0C\uFF1B]/.test(letter)) {
      found.push(part);
      part = "";
    } else part += letter;
  }
  found.push(part);
  return found.map((it) => it.trim()).filter((it) => it !== "");
}

const ADDRESS = /^[^\s@<>"(),:;[\]\\]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,}$/u;

/** The addresses in a text. Throws [BadAddress]; the server has the last word on what an address is. */
export function parseAddresses(text: string): Address[] {
  return parts(text).map((part) => {
    const [, name, angled] = /^(.*?)\s*<([^<>]*)>$/.exec(part) ?? [];
    const email = (angled ?? part).trim();
    if (!ADDRESS.test(email)) throw new BadAddress(part);
    const shown = name?.replace(/^"(.*)"$/, "$1").replaceAll('\\"', '"').trim();
    return { name: shown || null, email };
  });
}

/** Addresses as they are typed. */
export function showAddresses(addresses: Address[] | null): string {
  const quoted = (name: string) => (/[,;<>"@()\uFF0C\uFF1B]/.test(name) ? `"${name.replaceAll('"', '\\"')}"` : name);
  return (addresses ?? []).map(({ name, email }) => (name ? `${quoted(name)} <${email}>` : email)).join(", ");
}
