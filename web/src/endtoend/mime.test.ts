// @vitest-environment node
import PostalMime from "postal-mime";
import { expect, test } from "vitest";
import { inner, outer, type Written } from "./mime";

const message: Written = {
  from: { name: "李娜", email: "li@trade.test" }, to: ["boss@trade.test", "ana@trade.test"], subject: `报价 ${"九".repeat(60)}`, text: "Ten.\nPieces.", html: "<p>Ten.</p>",
  files: [{ name: "报价's (1).pdf", type: "application/pdf", content: Uint8Array.of(0, 255, 13, 10) }], inReplyTo: ["a@b"], references: ["c@d", "a@b"], now: new Date("2026-11-27T12:00:00Z"),
};

test("what is inside says all, what is outside nothing of it", async () => {
  const inside = inner(message, "<x@trade.test>");
  const read = await PostalMime.parse(inside);
  expect([read.subject, read.from, read.text?.trim(), read.to?.map((it) => it.address)]).toEqual([message.subject, { name: "李娜", address: "li@trade.test" }, "Ten.\nPieces.", message.to]);
  expect([read.inReplyTo, read.references, read.messageId]).toEqual(["<a@b>", "<c@d> <a@b>", "<x@trade.test>"]);
  expect(read.html).toContain("<p>Ten.</p>");
  expect(read.attachments.map(({ filename, content }) => [filename, new Uint8Array(content as ArrayBuffer)])).toEqual([[message.files[0]?.name, message.files[0]?.content]]);
  const text = new TextDecoder().decode(inside);
  expect(text).toContain('hp="cipher"');
  expect(text).toContain("HP-Outer: Subject: [...]");
  expect(Math.max(...text.split("\r\n").map((line) => line.length))).toBeLessThan(400);
  const outside = outer(message, "<x@trade.test>", "-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n");
  const shell = await PostalMime.parse(outside);
  expect([shell.subject, shell.attachments.map(({ mimeType }) => mimeType)]).toEqual(["[...]", ["application/pgp-encrypted", "application/octet-stream"]]);
  expect(outside).not.toContain("\u62a5");
});

test("nothing that is written becomes a field", async () => {
  const read = await PostalMime.parse(inner({ ...message, subject: "a\r\nX-Evil: 1", from: { name: 'x"\r\nX-Evil: 1', email: "li@trade.test" } }, "<x@y>"));
  expect(read.headers.map(({ key }) => key)).not.toContain("x-evil");
});
