// Reading in a browser, before a running server: hostile HTML against each wall alone, pictures from elsewhere, who wrote, links, bad input.
import assert from "node:assert/strict";
import axe from "axe-core";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { mail, newPage, open, origin, put, signIn } from "./browser.mjs";
import { tricks } from "./tricks.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
  const all = Object.entries(tricks);
  await put(page, all.map(([name, html], index) => ({ mail: mail({ from: "Mallory <m@evil.test>", subject: `Trick: ${name}`, html, text: "x" }), days: index })));
});

after(() => opened?.close());

const row = (subject) => page.getByRole("row").filter({ hasText: subject });
const heading = (subject, shown = page) => shown.getByRole("heading", { level: 1, name: subject });

/** Opens all tricks one after the other; says what ran and came. */
async function readAll(shown) {
  const before = opened.visits.count;
  await shown.goto(`${origin}/mail/search?q=subject%3Atrick`);
  const names = Object.keys(tricks);
  await shown.getByRole("row").filter({ hasText: `Trick: ${names[0]}` }).first().click();
  for (const name of names) {
    await heading(`Trick: ${name}`, shown).waitFor();
    await shown.locator("iframe, p:has-text('has no text')").first().waitFor();
    await shown.waitForTimeout(60);
    await shown.keyboard.press("j");
  }
  await shown.waitForTimeout(800);
  return { ran: await shown.evaluate(() => globalThis.ran), loaded: opened.visits.count - before, read: names.length };
}

/** Has the page get the HTML of the messages as it was written, as if the server did not sanitise it. */
async function withoutServer(shown) {
  await answering(shown, (about, html) => {
    for (const body of about("EmailBody/get")?.list ?? []) {
      const subject = about("Email/get")?.list.find(({ id }) => id === body.id)?.subject ?? "";
      const written = html[subject.replace("Trick: ", "")];
      if (written !== undefined) body.parts = [{ ...body.parts[0], type: "text/html", value: written }];
    }
  }, tricks);
}

/** Has what the server answers changed on its way into the page. */
async function answering(shown, change, given = {}) {
  await shown.addInitScript(`{
    const change = ${change};
    const given = ${JSON.stringify(given)};
    const fetched = window.fetch;
    window.fetch = async (input, init) => {
      const response = await fetched(input, init);
      if (!String(input).endsWith("/jmap/api")) return response;
      const answer = await response.json();
      change((name) => answer.methodResponses?.find(([it]) => it === name)?.[1], given);
      return new Response(JSON.stringify(answer), { status: response.status, headers: { "content-type": "application/json" } });
    };
  }`);
}

/** Has messages shown in a document without a policy and without a sandbox. */
async function withoutFrame(shown) {
  await shown.route("**/app/message", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><html><head></head><body></body></html>" }));
  await shown.addInitScript(() => {
    const set = Element.prototype.setAttribute;
    Element.prototype.setAttribute = function setAttribute(name, value) {
      if (name !== "sandbox") set.call(this, name, value);
    };
  });
}

async function other() {
  const shown = await page.context().newPage();
  shown.setDefaultTimeout(60_000);
  return shown;
}

test("no trick runs or loads anything", async () => {
  const { ran, loaded, read } = await readAll(page);
  assert.ok(read >= 60, `${read} tricks`);
  assert.deepEqual([ran, loaded], [undefined, 0]);
});

test("nor without the server's wall", async () => {
  const shown = await other();
  await withoutServer(shown);
  const { ran, loaded } = await readAll(shown);
  assert.deepEqual([ran, loaded], [undefined, 0]);
  await shown.close();
});

test("nor without the frame's policy", async () => {
  const shown = await other();
  await withoutFrame(shown);
  const { ran, loaded } = await readAll(shown);
  assert.deepEqual([ran, loaded], [undefined, 0]);
  await shown.close();
});

test("the page's sanitiser holds alone", async () => {
  const shown = await other();
  await withoutServer(shown);
  await withoutFrame(shown);
  const { ran, loaded } = await readAll(shown);
  assert.deepEqual([ran, loaded], [undefined, 0]);
  await shown.close();
});

test("the server's sanitiser holds alone", async () => {
  const bodies = await page.evaluate(async () => {
    const session = await (await fetch("/.well-known/jmap")).json();
    const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    const methodCalls = [
      ["Email/query", { accountId, filter: { subject: "trick" }, limit: 200 }, "0"],
      ["EmailBody/get", { accountId, "#ids": { resultOf: "0", name: "Email/query", path: "/ids" } }, "1"],
    ];
    const body = JSON.stringify({ using: Object.keys(session.capabilities), methodCalls });
    const response = await fetch("/jmap/api", { method: "POST", headers: { "content-type": "application/json" }, body });
    return (await response.json()).methodResponses[1][1].list.flatMap(({ parts }) => parts.map(({ value }) => value));
  });
  assert.ok(bodies.length >= 60, `${bodies.length} bodies`);
  const before = opened.visits.count;
  const context = await opened.browser.newContext({ ignoreHTTPSErrors: true });
  const bare = await context.newPage();
  for (const body of bodies) {
    // A document without any policy, in which what is written runs.
    await bare.goto("about:blank");
    await bare.evaluate((html) => {
      document.open();
      document.write(html);
      document.close();
    }, body);
    assert.equal(await bare.evaluate(() => globalThis.ran), undefined, body);
  }
  await bare.waitForTimeout(500);
  assert.equal(opened.visits.count - before, 0);
  await context.close();
});

test("the tricks are some", async () => {
  // Without any wall they do run and load: what is measured above is the walls.
  const context = await opened.browser.newContext({ ignoreHTTPSErrors: true });
  const before = opened.visits.count;
  let ran = 0;
  for (const html of Object.values(tricks)) {
    const bare = await context.newPage();
    await bare.evaluate((written) => {
      document.open();
      document.write(written);
      document.close();
    }, html).catch(() => {});
    await bare.waitForTimeout(30);
    ran += (await bare.evaluate(() => globalThis.ran).catch(() => undefined)) ? 1 : 0;
    await bare.close();
  }
  assert.ok(ran >= 8, `${ran} ran`);
  assert.ok(opened.visits.count - before >= 20, `${opened.visits.count - before} came`);
  await context.close();
});

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

test("pictures from elsewhere come by the server, when asked for", async () => {
  const asked = [];
  const site = createServer((request, response) => {
    asked.push(request);
    response.setHeader("content-type", "image/png");
    response.end(request.url.startsWith("/page") ? "<script>1</script>" : PNG);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  const from = `http://127.0.0.1:${site.address().port}`;
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await put(page, [{ mail: mail({ subject: "With pictures", html: `<p>Look <img src="${from}/p.png?x=1"><img src="${from}/page.png"><img src="http://127.0.0.2/inside.png"></p>` }) }]);
  await page.goto(`${origin}/mail`);
  await row("With pictures").click();
  await page.getByText("3 pictures from elsewhere are not loaded.").waitFor();
  assert.equal(asked.length, 0);
  await page.getByRole("button", { name: "Show the pictures" }).click();
  const picture = page.frameLocator("iframe").locator("img").first();
  await page.waitForFunction(() => document.querySelector("iframe")?.contentDocument?.querySelector("img")?.naturalWidth === 1);
  assert.match(await picture.getAttribute("src"), /^blob:/);
  assert.equal(await page.frameLocator("iframe").locator("img").nth(1).getAttribute("src"), null, "what is no picture is not shown");
  assert.equal(await page.frameLocator("iframe").locator("img").nth(2).getAttribute("src"), null, "what is within is not asked");
  const [first] = asked;
  assert.equal(first.headers.cookie ?? first.headers.referer ?? first.headers["x-forwarded-for"], undefined);
  assert.deepEqual(requests.filter((url) => !url.startsWith(origin) && !url.startsWith("blob:")), [], "the page itself asks nobody else");
  site.close();
});

test("who wrote is told in words", async () => {
  await put(page, [
    { mail: mail({ from: "Anna <anna@first.test>", subject: "From a stranger" }) },
    { mail: mail({ from: `Chief <${address()}>`, subject: "In our name" }) },
  ]);
  await page.goto(`${origin}/mail`);
  await row("From a stranger").click();
  await heading("From a stranger").waitFor();
  const line = page.getByRole("note", { name: "Who wrote it" });
  await line.getByText("First contact").waitFor();
  await line.getByText("Nothing proves that it comes from first.test").waitFor();
  await row("In our name").click();
  await heading("In our name").waitFor();
  await line.getByText(/An address of ours .* without proof/).waitFor();
});

function address() {
  return process.env.IMAP_USER;
}

test("a link shows where it leads, to the pointer, the keyboard and a finger", async () => {
  await put(page, [{ mail: mail({ subject: "With links", html: '<p><a href="https://www.google.com/url?q=https://pay.evil.test/x">Pay here</a> <a href="https://\u0430cme.test/">acme.test</a></p>' }) }]);
  await page.goto(`${origin}/mail`);
  await row("With links").click();
  const link = page.frameLocator("iframe").getByRole("link", { name: "Pay here" });
  await link.hover();
  const shown = page.getByRole("article").getByRole("status");
  await shown.getByText("https://pay.evil.test/x").waitFor();
  await shown.getByText("through www.google.com").waitFor();
  await page.frameLocator("iframe").getByText("(leads to xn--cme-5cd.test)").waitFor();
  await page.frameLocator("iframe").getByRole("link", { name: "acme.test" }).focus();
  await shown.getByText("https://xn--cme-5cd.test/").waitFor();
  const phone = await newPage(opened.browser, { hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } });
  await signIn(phone);
  await phone.getByRole("row").filter({ hasText: "With links" }).click();
  await phone.frameLocator("iframe").getByRole("link", { name: "Pay here" }).tap();
  await phone.getByRole("article").getByRole("status").getByText("pay.evil.test", { exact: true }).waitFor();
  assert.equal(phone.context().pages().length, 1, "the first tap opens nothing");
  await phone.context().close();
});

test("a message is reported, and can be taken back", async () => {
  await put(page, [{ mail: mail({ subject: "To report", text: "Pay now" }) }]);
  await page.goto(`${origin}/mail`);
  await row("To report").click();
  await page.locator("summary").getByText("Details", { exact: true }).click();
  await page.getByRole("button", { name: "Report as fraud" }).click();
  await row("To report").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await row("To report").waitFor();
});

/** Answers as the server gives them of a message that is before finance. */
async function beforeFinance(shown, { mayRead = true } = {}) {
  await answering(shown, (about) => {
    const ids = about("Email/get")?.list.filter(({ subject }) => subject === "Another account").map(({ id }) => id) ?? [];
    const [id] = ids;
    if (id !== undefined && about("Verdict/get")) {
      const marks = [{ kind: "account", text: "DE89 3704 0044 0532 0130 00", partId: "1" }];
      const findings = [{ id: "payment-new", text: "The account DE89 3704 0044 0532 0130 00 is not the one on file", weight: 3, marks }];
      about("Verdict/get").list = [{ id, judgedAt: "2026-11-01T00:00:00Z", action: "warn", probabilityUnwanted: 0.1, findings }];
      const sender = { address: "anna@acme-va1ves.example", domain: "acme-va1ves.example", isVerified: true, relation: "first", partner: null, since: null, received: 0, sent: 0 };
      about("EmailSender/get").list = [{ id, ...sender, looksLike: "acme-valves.example", case: "63f1c2a7b0a4000" }];
    }
  });
  const events = [];
  const account = { kind: "iban", holder: "Acme Valves", bank: null };
  await shown.route("**/api/v1/guard-case-show", (route) =>
    mayRead
      ? route.fulfill({ json: { state: "open", asked: [{ ...account, value: "DE89370400440532013000", state: "new" }], on_file: [{ ...account, value: "DE02120300000000202051", state: "confirmed" }], phones: ["+49 30 5550 1234"], events } })
      : route.fulfill({ status: 403, json: { type: "urn:tradewind:problem:not-allowed", title: "not allowed" } }),
  );
  await shown.route("**/api/v1/guard-case-note", (route) => {
    events.push({ time: "2026-11-27T02:00:00Z", ...route.request().postDataJSON() });
    return route.fulfill({ json: { noted: true } });
  });
  return events;
}

async function accessible(shown, what) {
  await shown.evaluate(axe.source);
  const { violations } = await shown.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], iframes: false }));
  const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(bad.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)]), [], what);
}

test("a warning stands at the line, beside what is on file and the number to call", async () => {
  await put(page, [{ mail: mail({ from: "Anna <anna@acme-va1ves.example>", subject: "Another account", html: "<p>Please pay to <b>DE89 3704</b> 0044 0532 0130 00 from now on. Call +1 555 0000.</p>" }) }]);
  const shown = await other();
  const events = await beforeFinance(shown);
  await shown.goto(`${origin}/mail`);
  await shown.getByRole("row").filter({ hasText: "Another account" }).click();
  await shown.getByText("Looks like acme-valves.example, and is another").waitFor();
  await shown.getByText("acme-va1ves.example is verified").waitFor();
  const frame = shown.frameLocator("iframe");
  assert.deepEqual(await frame.locator("mark").allTextContents(), ["DE89 3704", "0044 0532 0130 00"]);
  await frame.getByText("The account DE89 3704 0044 0532 0130 00 is not the one on file").waitFor();
  const panel = shown.getByRole("region", { name: "Payment details" });
  await panel.getByText("DE02120300000000202051").waitFor();
  await panel.getByText("not on file").waitFor();
  assert.equal(await panel.getByRole("link").getAttribute("href"), "tel:+493055501234", "the number on file, not the message's");
  await accessible(shown, "a warning");
  await panel.getByRole("button", { name: "I called this number" }).focus();
  await shown.keyboard.press("Enter");
  await panel.getByLabel("What they said at +49 30 5550 1234").fill("Ms Berg says no");
  await shown.keyboard.press("Enter");
  await panel.getByText("called, +493055501234 Ms Berg says no").waitFor();
  assert.deepEqual(events.map(({ what, note }) => [what, note]), [["phoned", "+493055501234 Ms Berg says no"]]);
  for (const [what, size, scheme, language] of [
    ["telephone, dark, Chinese", { width: 360, height: 740 }, "dark", "zh-CN"],
    ["200 %", { width: 640, height: 400 }, "light", "en"],
    ["from right to left", { width: 1280, height: 800 }, "dark", "ar-XB"],
    ["long words on a telephone", { width: 360, height: 740 }, "light", "en-XA"],
  ]) {
    await shown.setViewportSize(size);
    await shown.emulateMedia({ colorScheme: scheme });
    const address = new URL(shown.url());
    address.searchParams.set("lang", language);
    await shown.goto(address.href);
    await shown.locator("[data-thread] section").nth(1).waitFor();
    await shown.getByText("DE02120300000000202051").waitFor();
    assert.equal(await shown.evaluate(() => document.documentElement.scrollWidth), size.width, what);
    await accessible(shown, what);
  }
  await shown.close();
});

test("who may not see cases is told that finance has it", async () => {
  const shown = await other();
  await beforeFinance(shown, { mayRead: false });
  await shown.goto(`${origin}/mail`);
  await shown.getByRole("row").filter({ hasText: "Another account" }).click();
  await shown.getByText("was put before finance").waitFor();
  await shown.close();
});

test("bad input is shown safely, or cut with a word", async () => {
  const names = { "../../invoice\u202Efdp.exe": "invoicefdp.exe", "C:\\Windows\\run.exe": "run.exe", "a\u0000b\u200E.pdf": "ab.pdf", [`${"long".repeat(500)}.pdf`]: undefined, "\u2066\u2069": "unnamed" };
  await put(page, [
    { mail: mail({ subject: "Very much", html: `<p>Beginning</p>${"<p>word word word word</p>".repeat(1_300_000)}` }) },
    { mail: mail({ subject: "Deep", html: `${"<div>".repeat(20_000)}deep` }) },
    { mail: mail({ subject: "Repeating", html: `${"<font color=1>".repeat(400)}${"<p>x".repeat(4000)}` }) },
    { mail: `From: a@b.test\r\nSubject: Wrong words =?utf-9?Q?=FF?= =?utf-8?B?/w==?=\r\nContent-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: x-none\r\n\r\n+ADw-script+AD4-parent.ran=1+ADw-/script+AD4-` },
    { mail: "Subject: No header to speak of\r\nContent-Type: multipart/mixed\r\n\r\nno boundary" },
    { mail: `From: a@b.test\r\nSubject: Deep parts\r\n${Array.from({ length: 200 }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}`).join("\r\n")}\r\n\r\nend` },
    ...Object.keys(names).map((name, index) => ({ mail: mail({ subject: `File ${index} here`, text: "x", file: { name, type: "application/pdf", content: "MZ" } }) })),
  ]);
  await page.goto(`${origin}/mail`);
  for (const subject of ["Very much", "Deep", "Repeating", "Wrong words", "No header to speak of", "Deep parts"]) {
    await row(subject).first().click();
    await heading(subject).first().waitFor();
  }
  await row("Very much").click();
  await page.getByText("too long to show whole").waitFor();
  await page.frameLocator("iframe").getByText("Beginning").waitFor();
  for (const [index, shown] of Object.values(names).entries()) {
    await row(`File ${index} here`).click();
    await heading(`File ${index} here`).waitFor();
    const link = page.getByRole("region", { name: "1 attached file" }).getByRole("link");
    const name = await link.getAttribute("download");
    if (shown) assert.equal(name, shown);
    else assert.ok(name.length <= 255 && name.endsWith(".pdf"), `${name.length}`);
  }
  assert.equal(await page.evaluate(() => globalThis.ran), undefined);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 1280);
});
