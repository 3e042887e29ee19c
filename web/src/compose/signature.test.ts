import { expect, test } from "vitest";
import type { Identity } from "../jmap/types";
import { identityLabel, inScriptOf, signature, swapSignature } from "./signature";

const identity = (textSignature: string): Identity => ({ id: textSignature, name: "Li Na", email: "li@trade.test", replyTo: null, textSignature, htmlSignature: "", mayDelete: false });
const english = identity("Li Na\nSales");
const chinese = identity("李娜\n销售部");
const none = identity("");

test("the signature is in the script of what is answered", () => {
  expect(inScriptOf("关于十二月出货安排 PO 4711", [english, chinese])).toBe(chinese);
  expect(inScriptOf("Order 4711", [chinese, english])).toBe(english);
  expect(inScriptOf("Order 4711", [none, chinese])).toBe(none);
  expect(identityLabel(chinese)).toBe("Li Na <li@trade.test> · 李娜");
});

test("one signature takes the place of another, wherever it stands", () => {
  const html = `<p>Dear Anna,</p><p></p><p>Li Na<br>Sales</p><p></p><p>On 1 May, Anna wrote:</p><blockquote><p>Li Na Sales</p></blockquote>`;
  const swapped = swapSignature(html, english, chinese);
  expect(swapped).toBe(`<p>Dear Anna,</p><p></p><p>李娜<br>销售部</p><p></p><p>On 1 May, Anna wrote:</p><blockquote><p>Li Na Sales</p></blockquote>`);
  expect(swapSignature(swapped, chinese, none)).not.toContain("李娜");
});

test("a signature comes above what is quoted where there was none, or where it was changed", () => {
  const html = `<p>Dear Anna,</p><p>On 1 May, Anna wrote:</p><blockquote><p>x</p></blockquote>`;
  expect(swapSignature(html, none, english)).toBe(`<p>Dear Anna,</p><p>Li Na<br>Sales</p><p>On 1 May, Anna wrote:</p><blockquote><p>x</p></blockquote>`);
  expect(swapSignature("<p>Hi</p>", english, chinese)).toBe("<p>Hi</p><p>李娜<br>销售部</p>");
});

test("a signature of HTML runs nothing", () => {
  expect(signature({ ...none, htmlSignature: `<p onclick="x()">Li<script>x()</script></p>` })).toBe("<p></p><p>Li</p>");
});
