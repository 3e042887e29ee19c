import { expect, test } from "vitest";
import { NOBODY } from "./card";
import { readCards, textOf, writeCards } from "./vcard";

const anna = { ...NOBODY, name: "Anna Berg", emails: ["anna@partner.test"], phones: ["+47 22 33 44 55"], company: "Nordkraft; AS", title: "Buyer", country: "NO", zone: "Europe/Oslo", note: "Line one,\nand two" };
const wang = { ...NOBODY, name: "王芳", emails: ["wang@huadong.test", "fang@home.test"], company: "宁波华东国际贸易有限公司".repeat(4) };

test("what is written is read again, in lines of 75 octets", () => {
  const file = writeCards([anna, wang]);
  expect(readCards(file)).toEqual([anna, wang]);
  for (const line of file.split("\r\n")) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
});

test("cards of other programs are read", () => {
  const file = [
    "BEGIN:VCARD", "VERSION:2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=E8=8A=B3", "EMAIL;INTERNET:wang@huadong.test", "NOTE;ENCODING=QUOTED-PRINTABLE:first=0D=0Asec=", "ond", "END:VCARD",
    "BEGIN:VCARD", "VERSION:4.0", "N:Berg;Anna;;Ms;", 'item1.EMAIL;TYPE="work,pref":anna@partner', " .test", "TEL;VALUE=uri:tel:+47-22", "item2.ADR;LABEL=\"a: b\":;;Street 1;Oslo;;0150;norway", "ORG:Nordkraft\\, AS;Sales", "PHOTO:data:image/png;base64,AAAA", "TZ:+01:00", "END:VCARD",
    "BEGIN:VCARD", "VERSION:3.0", "TEL:110", "END:VCARD",
  ].join("\r\n");
  expect(readCards(file)).toEqual([
    { ...NOBODY, name: "王芳", emails: ["wang@huadong.test"], note: "first\r\nsecond" },
    { ...NOBODY, name: "Anna Berg", emails: ["anna@partner.test"], phones: ["+47-22"], company: "Nordkraft, AS", country: "NO" },
  ]);
  expect(readCards("not a card at all")).toEqual([]);
});

test("files in other charsets are read", () => {
  const gbk = new Uint8Array([0x46, 0x4e, 0x3a, 0xcd, 0xf5, 0xb7, 0xbc]);
  expect(textOf(gbk)).toBe("FN:王芳");
  expect(textOf(new Uint8Array([0xff, 0xfe, 0x8b, 0x73]))).toBe("王");
  expect(textOf(new TextEncoder().encode("芳"))).toBe("芳");
});
