// What surrounds reading and writing: printing, files for other programs, notices of new mail, files that take their time.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { accessible, address, fitsTelephone, mail, newPage, open, origin, put, row, signIn } from "./browser.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

const dialog = (name) => page.getByRole("dialog", { name });

test("a conversation is printed whole, and nothing else", async () => {
  await put(page, [{ mail: mail({ subject: "To be printed", html: `<p>first</p>${"<p>line</p>".repeat(300)}<p>last</p>`, text: "x" }) }]);
  await page.goto(`${origin}/mail`);
  await row(page, "To be printed").click();
  await page.frameLocator("iframe").getByText("last").waitFor();
  await page.getByRole("button", { name: "Print" }).waitFor();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.getByRole("grid").isVisible(), false);
  assert.equal(await page.getByRole("button", { name: "Print" }).isVisible(), false);
  const { frame, whole, inner } = await page.evaluate(() => {
    const element = document.querySelector("iframe");
    return { frame: element.clientHeight, inner: element.contentDocument.body.scrollHeight, whole: document.documentElement.scrollHeight };
  });
  assert.ok(frame >= inner && whole >= frame && frame > 3000, `${frame} ${inner} ${whole}`);
  const pages = (await page.pdf()).toString("latin1").match(/\/Type\s*\/Page\b/g).length;
  assert.ok(pages >= 4, `${pages} pages`);
  await page.emulateMedia({ media: "screen" });
});

test("an invitation is shown, and answered to its organiser", async () => {
  const calendar = [
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:meet-7@partner.test", "DTSTAMP:20261120T080000Z", "DTSTART:20261204T100000Z", "DTEND:20261204T110000Z",
    "SUMMARY:订单 4711 review", "LOCATION:Ningbo", "ORGANIZER;CN=Bo:mailto:bo@partner.test", `ATTENDEE;CN=Li:mailto:${address}`, "END:VEVENT", "END:VCALENDAR", "",
  ].join("\r\n");
  const raw = [
    "From: Anna Berg <anna@partner.test>", `To: ${address}`, "Subject: Invitation: review", "Message-ID: <invite-7@partner.test>", "Date: Fri, 20 Nov 2026 08:00:00 +0000", "MIME-Version: 1.0",
    'Content-Type: multipart/alternative; boundary="b"', "", "--b", "Content-Type: text/plain; charset=utf-8", "", "You are invited.", "--b", "Content-Type: text/calendar; method=REQUEST; charset=utf-8", "Content-Transfer-Encoding: base64", "", Buffer.from(calendar).toString("base64").replace(/.{76}/g, "$&\r\n"), "--b--", "",
  ].join("\r\n");
  await put(page, [{ mail: raw }]);
  await page.goto(`${origin}/mail`);
  await row(page, "Invitation: review").click();
  const card = page.getByRole("region", { name: "Invitation" });
  await card.getByText("订单 4711 review").waitFor();
  await card.getByText(/December 4, 2026/).waitFor();
  await card.getByText("The answer goes to bo@partner.test, who did not send this message.").waitFor();
  await accessible(page, "an invitation");
  await fitsTelephone(page, "an invitation");
  await card.getByRole("button", { name: "Accept" }).click();
  await page.getByText("Your answer was sent to bo@partner.test").waitFor();
  await card.getByText("You have answered: Accepted").waitFor();
  await page.goto(`${origin}/mail/box/sent`);
  await row(page, "Accepted: 订单 4711 review").click();
  const answer = page.getByRole("region", { name: "Invitation" });
  await answer.getByText(/Accepted/).waitFor();
});

test("a folder is saved as a file that other programs read", async () => {
  await put(page, [{ mail: mail({ subject: "Saved 报价", text: "From here on.\nEnd" }) }], "archive");
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Manage folders" }).click();
  await dialog("Folders").getByRole("button", { name: "Actions for Archive" }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Save as a file (mbox)" }).click()]);
  assert.equal(file.suggestedFilename(), "Archive.mbox");
  const text = (await readFile(await file.path())).toString("latin1");
  assert.match(text, /^From anna@partner\.test \w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\n/);
  assert.match(text, /\nSubject: =\?utf-8\?B\?/);
  assert.ok(text.endsWith("\n\n") && !text.includes("\r\n"));
  await page.getByText("1 message saved").waitFor();
});

test("new mail is told of while somebody looks elsewhere, if it is wanted", async () => {
  await page.context().grantPermissions(["notifications"], { origin });
  await page.addInitScript(() => {
    globalThis.told = [];
    globalThis.Notification = class extends EventTarget {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(title, { body }) {
        super();
        globalThis.told.push([title, body]);
        globalThis.last = this;
      }
      close() {}
    };
  });
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Settings" }).click();
  await dialog("Settings").getByLabel("Tell me of new mail while I look elsewhere").check();
  await page.keyboard.press("Escape");
  await put(page, [{ mail: mail({ subject: "While I look" }) }]);
  await row(page, "While I look").waitFor();
  assert.deepEqual(await page.evaluate(() => globalThis.told), []);
  await page.evaluate(() => Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true }));
  await put(page, [{ mail: mail({ subject: "While I am away" }) }, { mail: mail({ subject: "Read already" }), seen: true }]);
  await page.waitForFunction(() => globalThis.told.length > 0);
  assert.deepEqual(await page.evaluate(() => globalThis.told), [["Anna Berg", "While I am away"]]);
  await page.evaluate(() => globalThis.last.dispatchEvent(new Event("click")));
  await page.getByRole("heading", { level: 1, name: "While I am away" }).waitFor();
  await page.evaluate(() => delete document.visibilityState);
});

test("a file goes on when the message is closed, and lies in the draft", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/jmap/upload/**", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  const composer = dialog("New message");
  await composer.getByLabel("Attach files").setInputFiles({ name: "large.txt", mimeType: "text/plain", buffer: Buffer.from("much") });
  await composer.getByLabel("Subject").fill("With a large file");
  await dialog("With a large file").getByRole("button", { name: "Save as draft and close" }).click();
  await page.getByText("The files are still being attached.").waitFor();
  await dialog("With a large file").waitFor({ state: "hidden" });
  // Whoever wants to write meanwhile sees it again.
  await page.getByRole("button", { name: "Write" }).click();
  await dialog("With a large file").waitFor();
  await accessible(page, "writing again");
  await dialog("With a large file").getByRole("button", { name: "Save as draft and close" }).click();
  release();
  await page.getByText("Saved as draft").waitFor();
  await page.goto(`${origin}/mail/box/drafts`);
  await row(page, "With a large file").click();
  await page.getByRole("link", { name: "large.txt" }).waitFor();
});

test("nothing went wrong on the way", () => {
  // Styles within messages are refused where they are read; what is shown has its own place for them.
  assert.deepEqual(page.wrongs.filter((wrong) => !/Applying inline style/.test(wrong)), []);
});
