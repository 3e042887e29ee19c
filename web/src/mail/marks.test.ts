import { expect, test } from "vitest";
import type { Mark } from "../jmap/types";
import { tellLinks } from "./links";
import { tellMarks } from "./marks";
import { cleanHtml, cleanText } from "./sanitise";

const finding = (...marks: Mark[]) => [{ id: "payment-new", text: "Another account", weight: 2, marks }];
const shown = (body: HTMLElement) => [...body.querySelectorAll("mark")].map((it) => it.textContent);

test("an account is marked where it stands, over tags and breaks", () => {
  const { body } = cleanHtml("<p>Pay to <b>DE89 3704</b>\n 0044 0532 0130 00 today</p><p>DE89</p>");
  tellMarks(body, finding({ kind: "account", text: "DE89 3704 0044 0532 0130 00" }));
  expect(shown(body)).toEqual(["DE89 3704", "0044 0532 0130 00"]);
  expect(body.textContent).toContain("0044 0532 0130 00Another account today");
});

test("in plain text too, and whole letters only", () => {
  const { body } = cleanText("\u{20000}账号：6222 0200\n谢谢");
  tellMarks(body, finding({ kind: "account", text: "62220200" }));
  expect(shown(body)).toEqual(["6222 0200"]);
});

test("a link is marked by where it leads", () => {
  const { body } = cleanHtml('<a href="https://evil.test/x">Pay</a> <a href="https://good.test/">Good</a>');
  tellLinks(body, (host) => host);
  tellMarks(body, finding({ kind: "link", text: "Pay", url: "https://evil.test/x" }));
  expect(body.textContent).toBe("PayAnother account Good");
});

test("what is not there is not marked", () => {
  const { body } = cleanText("nothing");
  tellMarks(body, finding({ kind: "account", text: "DE89" }, { kind: "words", text: " " }, { kind: "address", text: "nothing" }));
  expect(body.textContent).toBe("nothing");
  tellMarks(body, [{ id: "x", text: "Good", weight: -1, marks: [{ kind: "words", text: "nothing" }] }]);
  expect(shown(body)).toEqual([]);
});
