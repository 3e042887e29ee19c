import { expect, test } from "vitest";
import { framed, fromLine } from "./export";

const text = (octets: Uint8Array) => String.fromCharCode(...octets);
const octets = (letters: string) => Uint8Array.from(letters, (it) => it.charCodeAt(0));

test("a message in a file of many begins and ends where other programs look for it", () => {
  expect(fromLine("anna@partner.test", new Date("2026-03-04T05:06:07Z"))).toBe("From anna@partner.test Wed Mar  4 05:06:07 2026\n");
  expect(fromLine("a\nb@c", new Date(0))).toBe("From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n");
  expect(text(framed(octets("A: b\r\n\r\nFrom me\r\n>From you\r\nx From\r\n")))).toBe("A: b\n\n>From me\n>>From you\nx From\n\n");
});

test("octets stay what they are, in long messages, too", () => {
  expect(text(framed(octets("\xE6\x8A\xA5\xFF\n")))).toBe("\xE6\x8A\xA5\xFF\n\n");
  expect(framed(octets("x".repeat(100_000)))).toHaveLength(100_002);
});
