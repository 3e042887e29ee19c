import { expect, test } from "vitest";
import { targetOf, tellLinks } from "./links";
import { cleanHtml } from "./sanitise";

test.each([
  ["https://trade.test/a", "https://trade.test/a", "trade.test", undefined],
  ["https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.test%2Fx&data=1", "https://evil.test/x", "evil.test", "eur01.safelinks.protection.outlook.com"],
  ["https://www.google.com/url?q=https://evil.test/&sa=D", "https://evil.test/", "evil.test", "www.google.com"],
  ["https://www.google.com/url?q=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fevil.test", "https://evil.test/", "evil.test", "www.google.com"],
  ["https://urldefense.com/v3/__https://evil.test/x__;!!abc", "https://evil.test/x", "evil.test", "urldefense.com"],
  ["https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.test_x&d=1", "https://evil.test/x", "evil.test", "urldefense.proofpoint.com"],
  ["https://www.google.com/search?q=bearings", "https://www.google.com/search?q=bearings", "www.google.com", undefined],
  ["https://\u0430cme.test/", "https://xn--cme-5cd.test/", "xn--cme-5cd.test", undefined],
  ["mailto:a@b.test", "mailto:a@b.test", undefined, undefined],
])("%s", (address, url, host, through) => {
  expect(targetOf(address)).toEqual({ url, host, through });
});

test.each(["javascript:alert(1)", "/sign-out", "data:text/html,x", "https://", ""])("%s leads nowhere", (address) => {
  expect(targetOf(address)).toBeUndefined();
});

test.each([
  ['<a href="https://evil.test/pay">https://bank.test/pay</a>', "https://bank.test/pay (evil.test)"],
  ['<a href="https://evil.test/">www.bank.test</a>', "www.bank.test (evil.test)"],
  ['<a href="https://www.bank.test/">bank.test</a>', "bank.test"],
  ['<a href="https://pay.bank.test/x">bank.test/x</a>', "bank.test/x"],
  ['<a href="https://evil.test/">Pay here</a>', "Pay here"],
  ['<a href="https://www.google.com/url?q=https://evil.test/">bank.test</a>', "bank.test (evil.test)"],
  ['<a href="https://\u0430cme.test/">\u0430cme.test</a>', "\u0430cme.test"],
  ['<a href="https://\u0430cme.test/">acme.test</a>', "acme.test (xn--cme-5cd.test)"],
  ['<a href="https://\u0430cme.test/">Pay here</a>', "Pay here (xn--cme-5cd.test)"],
])("%s", (html, shown) => {
  const { body } = cleanHtml(html);
  tellLinks(body, (host) => host);
  expect(body.textContent).toBe(shown);
  expect(body.querySelector("a")?.rel).toContain("noopener");
});
