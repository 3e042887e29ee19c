// Contacts from and into files that other programs read: vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) in, 3.0 out.

import { NOBODY, type Person } from "./card";
import { countries } from "./countries";

interface Property {
  name: string;
  parameters: string;
  value: string;
}

/** The text of a file, whatever it is written in: UTF-16 with its mark, UTF-8, else what old Chinese programs write. */
export function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/** Quoted-printable, as vCard 2.1 has it, in the charset that is named. */
function unquoted(value: string, parameters: string): string {
  const octets = [...value.matchAll(/=([0-9A-F]{2})|([^=]+)|=/gi)].flatMap(([whole, hex]) => (hex ? [Number.parseInt(hex, 16)] : [...new TextEncoder().encode(whole)]));
  const named = /CHARSET=([\w-]+)/i.exec(parameters)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(named).decode(new Uint8Array(octets));
  } catch {
    return new TextDecoder().decode(new Uint8Array(octets));
  }
}

function* propertiesOf(text: string): Generator<Property> {
  // Long lines are folded; those in quoted-printable end with a mark instead.
  const lines = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n").replace(/\n[ \t]/g, "").replace(/^([^\n]*QUOTED-PRINTABLE[^\n]*=\n(?:[^\n]*=\n)*)/gim, (all) => all.replace(/=\n/g, ""));
  for (const line of lines.split("\n")) {
    const [, name, parameters = "", value = ""] = /^(?:[\w-]+\.)?([\w-]+)((?:;(?:[^";:]|"[^"]*")*)*):(.*)$/.exec(line) ?? [];
    if (name) yield { name: name.toUpperCase(), parameters, value: /QUOTED-PRINTABLE/i.test(parameters) ? unquoted(value, parameters) : value };
  }
}

const plain = (text: string) => text.replace(/\\([nN\\,;:])/g, (_, letter: string) => (letter.toLowerCase() === "n" ? "\n" : letter)).trim();
/** The parts of a value, between semicolons that are none of its own. */
const partsOf = (value: string) => [...value.matchAll(/((?:\\.|[^\\;])*)(?:;|$)/g)].map(([, part = ""]) => plain(part));

/** A family name before the given one where both are Chinese. */
function joined([family = "", given = "", more = ""]: string[]): string {
  const isHan = /^\p{Script=Han}+$/u.test(family + given);
  return isHan ? family + given : [given, more, family].filter((part) => part !== "").join(" ");
}

/** The code of a country that is named in English, Chinese or by its code. */
function countryOf(name: string): string {
  codes ??= new Map(["en", "zh-CN"].flatMap((tag) => countries(tag).flatMap(({ code, name: called }): [string, string][] => [[code.toLowerCase(), code], [called.toLowerCase(), code]])));
  return codes.get(name.trim().toLowerCase()) ?? "";
}

/** Made when it is first asked for. */
let codes: Map<string, string> | undefined;

function take(person: Person, { name, value }: Property): void {
  const text = plain(value);
  if (name === "FN" && text !== "") person.name = text;
  else if (name === "N" && person.name === "") person.name = joined(partsOf(value));
  else if (name === "EMAIL" && text.includes("@")) person.emails.push(text.replace(/^mailto:/i, ""));
  else if (name === "TEL" && text !== "") person.phones.push(text.replace(/^tel:/i, ""));
  else if (name === "ORG" && person.company === "") person.company = partsOf(value)[0] ?? "";
  else if (name === "TITLE" && person.title === "") person.title = text;
  else if (name === "ADR" && person.country === "") person.country = countryOf(partsOf(value)[6] ?? "");
  else if (name === "TZ" && /^[A-Za-z]+\/[\w/+-]+$/.test(text)) person.zone = text;
  else if (name === "NOTE" && person.note === "") person.note = text;
}

/** The people in a file; those without a name and an address are left out. */
export function readCards(text: string): Person[] {
  const people: Person[] = [];
  let person: Person | undefined;
  for (const property of propertiesOf(text)) {
    const is = (name: string) => property.name === name && property.value.trim().toUpperCase() === "VCARD";
    if (is("BEGIN")) person = { ...NOBODY, emails: [], phones: [] };
    else if (is("END")) {
      if (person && (person.name !== "" || person.emails.length > 0)) people.push(person);
      person = undefined;
    } else if (person) take(person, property);
  }
  return people;
}

const escaped = (text: string) => text.replace(/[\\,;]/g, "\\$&").replace(/\r?\n/g, "\\n");

/** Folded so that no line has more than 75 octets, between letters (RFC 2426 section 2.6). */
function folded(line: string): string {
  let out = "";
  let length = 0;
  for (const letter of line) {
    const octets = new TextEncoder().encode(letter).length;
    if (length + octets > 74) {
      out += "\r\n ";
      length = 1;
    }
    out += letter;
    length += octets;
  }
  return out;
}

/** A file of people. */
export function writeCards(people: Person[]): string {
  const english = new Intl.DisplayNames("en", { type: "region" });
  return people
    .flatMap(({ name, emails, phones, company, title, country, zone, note }) => [
      "BEGIN:VCARD",
      "VERSION:3.0",
      `FN:${escaped(name)}`,
      `N:${escaped(name)};;;;`,
      ...emails.map((email) => `EMAIL:${escaped(email)}`),
      ...phones.map((phone) => `TEL:${escaped(phone)}`),
      ...(company === "" ? [] : [`ORG:${escaped(company)}`]),
      ...(title === "" ? [] : [`TITLE:${escaped(title)}`]),
      ...(country === "" ? [] : [`ADR:;;;;;;${escaped(english.of(country) ?? country)}`]),
      ...(zone === "" ? [] : [`TZ:${escaped(zone)}`]),
      ...(note === "" ? [] : [`NOTE:${escaped(note)}`]),
      "END:VCARD",
    ])
    .map((line) => `${folded(line)}\r\n`)
    .join("");
}
