import { expect, test } from "vitest";
import { hostIn, plainOf, readPlain } from "./plain";

test("HTML becomes words; links tell where they lead, and whether they say so", () => {
  const { text, links } = plainOf('<style>p{}</style><p>Dear <b>you</b></p><p>pay<br>now</p><script>alert(1)</script><a href="http://192.0.2.7/x">https://bank.example/</a><a href="https://bank.example/y">bank.example</a>');
  expect(text).toBe("Dear you\npay\nnow\nhttps://bank.example/bank.example");
  expect(links).toEqual([
    { words: "https://bank.example/", url: "http://192.0.2.7/x", isFalse: true },
    { words: "bank.example", url: "https://bank.example/y", isFalse: false },
  ]);
  expect(plainOf('<a href="https://evil.test/">www.bank.example</a>').links[0]?.isFalse).toBe(true);
});

test("a host is found in words that look like one", () => {
  expect(hostIn("https://Bank.example/x?y")).toBe("bank.example");
  expect(hostIn("click here")).toBe(undefined);
});

test("a message is read from its octets, files by name and size alone", async () => {
  const raw = ["From: a@x.test", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", "Hello", "--b", 'Content-Disposition: attachment; filename="x.exe"', "Content-Transfer-Encoding: base64", "", "TVo=", "--b--", ""].join("\r\n");
  const { text, files } = await readPlain(new TextEncoder().encode(raw));
  expect(text.trim()).toBe("Hello");
  expect(files.map(({ name, bytes }) => [name, bytes])).toEqual([["x.exe", 2]]);
});
