// Debian's Chromium before the server that WEB_HOST, WEB_PORT, IMAP_USER and IMAP_PASSWORD name; `evil.test` and all below it is a place
// of ours that counts who comes.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import axe from "axe-core";
import { chromium } from "playwright-core";

const { WEB_HOST, WEB_PORT, IMAP_USER, IMAP_PASSWORD } = process.env;
if (!WEB_HOST || !WEB_PORT || !IMAP_USER || !IMAP_PASSWORD) {
  throw new Error("WEB_HOST, WEB_PORT, IMAP_USER and IMAP_PASSWORD name the server; run by: cargo nextest run -p tradewind-tests -E 'binary(webmail)'");
}

export const origin = `https://${WEB_HOST}:${WEB_PORT}`;
export const address = IMAP_USER;

/** A browser, and what counts the connections to `evil.test`. */
export async function open(args = []) {
  const visits = { count: 0 };
  const evil = createServer((socket) => {
    visits.count += 1;
    socket.destroy();
  });
  await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
  const { port } = evil.address();
  const hosts = [`MAP ${WEB_HOST} 127.0.0.1`, `MAP evil.test 127.0.0.1:${port}`, `MAP *.evil.test 127.0.0.1:${port}`, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"];
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", `--host-resolver-rules=${hosts.join(",")}`, ...args],
  });
  const close = async () => {
    await browser.close();
    evil.close();
  };
  return { browser, visits, close };
}

/** A page of its own, not signed in. What goes wrong in it is kept in `page.wrongs`. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.wrongs = [];
  page.on("pageerror", (error) => page.wrongs.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.wrongs.push(`${message.text()} ${message.location().url}`);
  });
  return page;
}

/** Signs in on the server's own page, which leads back to the mail. */
export async function signIn(page, user = IMAP_USER, password = IMAP_PASSWORD) {
  await page.goto(`${origin}/mail`);
  await page.waitForURL(/\/sign-in/);
  await page.fill("input[name=login]", user);
  await page.fill("input[name=password]", password);
  await page.click("button[type=submit], button.first");
  await page.waitForURL(/\/mail/);
  await page.getByRole("grid").waitFor();
  // What failed before somebody was signed in was meant to.
  page.wrongs.length = 0;
}

/** The row of a list with these words. */
export const row = (page, subject) => page.getByRole("row").filter({ hasText: subject });

/** Serious and critical findings on what is shown. */
export async function findings(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], iframes: false }));
  const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return bad.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id} ${html} ${failureSummary}`));
}

/** There are none. */
export async function accessible(page, what) {
  assert.deepEqual(await findings(page), [], what);
}

const TELEPHONE = { width: 360, height: 740 };

/** What is shown is no wider than a telephone's window; then as before. `more` looks further while it is so. */
export async function isNarrow(page, what, more = async () => {}) {
  const size = page.viewportSize();
  await page.setViewportSize(TELEPHONE);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), TELEPHONE.width, what);
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll("[role=dialog], main")].flatMap((it) => (it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).overflowX !== "auto" ? [it.outerHTML.slice(0, 200)] : [])),
  );
  assert.deepEqual(wide, [], what);
  await more();
  await page.setViewportSize(size);
}

/** What is shown is no wider than the window, and accessible, on a telephone and dark; then as before. */
export async function fitsTelephone(page, what) {
  await page.emulateMedia({ colorScheme: "dark" });
  await isNarrow(page, what, () => accessible(page, `${what}, on a telephone and dark`));
  await page.emulateMedia({ colorScheme: "light" });
}

/** Calls methods of JMAP from within the page; `accountId` is added. Gives what each answered. */
export async function jmap(page, calls) {
  return page.evaluate(async (calls) => {
    const session = await (await fetch("/.well-known/jmap")).json();
    const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    const methodCalls = calls.map(([name, args], index) => [name, { accountId, ...args }, String(index)]);
    const body = JSON.stringify({ using: Object.keys(session.capabilities), methodCalls });
    const response = await fetch(new URL(session.apiUrl).pathname, { method: "POST", headers: { "content-type": "application/json" }, body });
    return (await response.json()).methodResponses.map(([, answer]) => answer);
  }, calls);
}

/** Makes labels, `[name, colour]`; gives their keywords. Those that are there already stay. */
export async function makeLabels(page, labels) {
  await jmap(page, [["Label/set", { create: Object.fromEntries(labels.map(([name, color], index) => [`l${index}`, { name, color }])) }]]);
  const [{ list }] = await jmap(page, [["Label/get", { ids: null }]]);
  return labels.map(([name]) => list.find((it) => it.name === name).keyword);
}

/** Puts messages into a mailbox by JMAP, from within the page. Each is `{ mail, seen, days }`. */
export async function put(page, messages, role = "inbox") {
  return page.evaluate(
    async ({ messages, role }) => {
      const session = await (await fetch("/.well-known/jmap")).json();
      const path = (url) => new URL(url).pathname + new URL(url).search;
      const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
      const call = async (methodCalls) => {
        const body = JSON.stringify({ using: Object.keys(session.capabilities), methodCalls });
        const response = await fetch(path(session.apiUrl), { method: "POST", headers: { "content-type": "application/json" }, body });
        return (await response.json()).methodResponses;
      };
      const boxes = (await call([["Mailbox/get", { accountId, ids: null }, "0"]]))[0][1].list;
      const box = boxes.find((it) => it.role === role).id;
      const emails = {};
      for (const [index, { mail, seen, days, keywords }] of messages.entries()) {
        const upload = await fetch(path(session.uploadUrl.replace("{accountId}", accountId)), { method: "POST", headers: { "content-type": "message/rfc822" }, body: mail });
        const { blobId } = await upload.json();
        const receivedAt = new Date(Date.now() - (days ?? 0) * 86_400_000 - index * 60_000).toISOString().replace(/\.\d+Z$/, "Z");
        emails[`m${index}`] = { blobId, mailboxIds: { [box]: true }, keywords: { ...keywords, ...(seen ? { $seen: true } : {}) }, receivedAt };
      }
      const answer = (await call([["Email/import", { accountId, emails }, "0"]]))[0];
      if (answer[0] === "error" || answer[1].notCreated) throw new Error(JSON.stringify(answer));
      return Object.keys(answer[1].created).length;
    },
    { messages, role },
  );
}

let made = 0;

/** A message of text and, if given, HTML. */
export function mail({ from = "Anna Berg <anna@partner.test>", to = address, subject, text = "", html, headers = [], id, file }) {
  made += 1;
  const head = [
    `From: ${from}`, `To: ${to}`, `Subject: ${encode(subject)}`, `Message-ID: <${id ?? `made-${made}`}@partner.test>`,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`, "MIME-Version: 1.0", ...headers,
  ];
  const part = (type, body, extra = []) => [`Content-Type: ${type}; charset=utf-8`, "Content-Transfer-Encoding: base64", ...extra, "", lines(body)].join("\r\n");
  const disposition = file?.cid ? [`Content-ID: <${file.cid}>`, "Content-Disposition: inline"] : [`Content-Disposition: attachment; filename*=utf-8''${encodeURIComponent(file?.name ?? "")}`];
  const bodies = html === undefined ? [part("text/plain", text)] : [part("text/plain", text), part("text/html", html)];
  const body = bodies.length === 1 ? bodies[0] : multipart("alternative", "b1", bodies);
  if (!file) return [...head, body].join("\r\n");
  const attached = part(file.type, file.content, disposition);
  return [...head, multipart(file.cid ? "related" : "mixed", "b0", [body, attached])].join("\r\n");
}

function multipart(kind, boundary, parts) {
  return [`Content-Type: multipart/${kind}; boundary=${boundary}`, "", ...parts.flatMap((part) => [`--${boundary}`, part]), `--${boundary}--`, ""].join("\r\n");
}

function lines(text) {
  return Buffer.from(text).toString("base64").replace(/.{76}/g, "$&\r\n");
}

function encode(text) {
  return /^[\x20-\x7E]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
}
