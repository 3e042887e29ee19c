// The mail in a browser, before a running server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible as accessibleOn, address, mail, newPage, open, origin, put, row as rowOn, signIn } from "./browser.mjs";
import { tricks } from "./tricks.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

const row = (subject) => rowOn(page, subject);
const heading = (subject) => page.getByRole("heading", { level: 1, name: subject });
const grid = () => page.getByRole("grid");

const accessible = (what) => accessibleOn(page, what);

test("an empty mailbox says so", async () => {
  await page.goto(`${origin}/mail/box/trash`);
  await page.getByText("Nothing here.").waitFor();
  await accessible("an empty mailbox");
});

test("a message is listed, read, marked, and goes to the archive and back", async () => {
  await put(page, [
    { mail: mail({ subject: "Quotation 4711", text: "Dear friends,\nsee https://trade.test/q. Regards" }) },
    { mail: mail({ subject: "报价单 2026", text: "您好，附件是报价单。", file: { name: "报价单.pdf", type: "application/pdf", content: "%PDF-1.4" } }) },
  ]);
  await page.goto(`${origin}/mail`);
  await row("Quotation 4711").waitFor();
  await accessible("the list");
  await row("Quotation 4711").click();
  await heading("Quotation 4711").waitFor();
  await page.frameLocator("iframe").getByRole("link", { name: "https://trade.test/q" }).waitFor();
  await accessible("a conversation");
  await row("Quotation 4711").locator("text=Unread").waitFor({ state: "detached" });
  await page.keyboard.press("e");
  await row("Quotation 4711").waitFor({ state: "detached" });
  // The next one is open then.
  await heading("报价单 2026").waitFor();
  await page.getByRole("link", { name: "报价单.pdf" }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await row("Quotation 4711").waitFor();
});

test("new mail appears by itself", async () => {
  await page.goto(`${origin}/mail`);
  await grid().waitFor();
  const other = await newPage(opened.browser);
  await signIn(other);
  await put(other, [{ mail: mail({ subject: "It has come by itself" }) }]);
  await row("It has come by itself").waitFor();
  await other.context().close();
});

test("the keyboard alone is enough", async () => {
  await page.goto(`${origin}/mail`);
  await row("It has come by itself").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.getByText("1 selected").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/mail\/box\/inbox\/.+/);
  await page.keyboard.press("u");
  await page.waitForURL(/\/mail\/box\/inbox$/);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await accessible("the list of keys");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.waitForURL(/\/mail\/box\/sent$/);
  await page.keyboard.press("/");
  await page.keyboard.type("subject:quotation");
  await page.keyboard.press("Enter");
  await row("Quotation 4711").waitFor();
  assert.equal(await row("报价单").count(), 0);
});

test("searches with operators find, and say what is wrong with them", async () => {
  const search = async (text) => {
    await page.getByRole("textbox", { name: "Search mail" }).fill(text);
    await page.keyboard.press("Enter");
  };
  await search("报价单 has:attachment");
  await row("报价单 2026").waitFor();
  await search("from:nobody@nowhere.test");
  await page.getByText("No message fits.").waitFor();
  await search("in:nowhere");
  await page.getByText("There is no folder called nowhere.").waitFor();
});

/** Opens a message to write, with recipient, subject and text. */
async function write(to, subject, text) {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  const composer = page.getByRole("dialog");
  await composer.getByLabel("To", { exact: true }).fill(to);
  await composer.getByLabel("Subject").fill(subject);
  await composer.getByRole("textbox", { name: "Text" }).click();
  await page.keyboard.type(text);
  return composer;
}

test("what is written is sent, can be taken back, and arrives with its file", async () => {
  const composer = await write("anna", "Sent from the page", "Dear all,");
  await composer.getByLabel("Attach files").setInputFiles({ name: "prices.txt", mimeType: "text/plain", buffer: Buffer.from("9.50") });
  await composer.getByText("4 byte").waitFor();
  await accessible("writing");
  await page.keyboard.press("Control+Enter");
  await composer.getByText("anna is no mail address.").waitFor();
  await composer.getByLabel("To", { exact: true }).fill(`Me <${address}>`);
  await composer.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("Message will be sent in 10 seconds").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  const again = page.getByRole("dialog", { name: "Sent from the page" });
  await again.getByText("Dear all,").waitFor();
  await page.goto(`${origin}/mail/box/drafts`);
  await row("Sent from the page").click();
  await page.getByRole("article").getByRole("button", { name: "Write" }).click();
  await again.getByText("prices.txt").waitFor();
  await again.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("Message will be sent in 10 seconds").waitFor();
  await page.goto(`${origin}/mail/box/sent`);
  await row("Sent from the page").waitFor();
  await page.goto(`${origin}/mail`);
  await row("Sent from the page").click();
  await page.getByRole("link", { name: "prices.txt" }).waitFor();
  await page.frameLocator("iframe").getByText("Dear all,").waitFor();
});

test("a draft is kept, and discarded", async () => {
  const composer = await write("", "Not yet ready", "Half a sentence");
  await composer.getByRole("button", { name: "Save as draft and close" }).click();
  await page.getByText("Saved as draft").waitFor();
  await page.goto(`${origin}/mail/box/drafts`);
  await row("Not yet ready").click();
  await page.getByRole("article").getByRole("button", { name: "Write" }).click();
  await page.getByRole("dialog", { name: "Not yet ready" }).getByText("Half a sentence").waitFor();
  await page.getByRole("button", { name: "Discard" }).click();
  await row("Not yet ready").waitFor({ state: "detached" });
});

test("an answer quotes, and runs nothing of what it quotes", async () => {
  await put(page, [{ mail: mail({ subject: "Please answer", html: `<p>Question</p>${tricks["event of a picture"]}${tricks.picture}` }) }]);
  await page.goto(`${origin}/mail`);
  await row("Please answer").click();
  await heading("Please answer").waitFor();
  await page.frameLocator("iframe").getByText("Question").waitFor();
  await page.keyboard.press("r");
  const composer = page.getByRole("dialog", { name: "Re: Please answer" });
  assert.equal(await composer.getByLabel("To", { exact: true }).inputValue(), "Anna Berg <anna@partner.test>");
  await composer.locator("blockquote").getByText("Question").waitFor();
  await composer.getByRole("button", { name: "Discard" }).click();
  assert.equal(await page.evaluate(() => globalThis.ran), undefined, "nothing ran");
});

test("no trick runs or loads anything", async () => {
  const html = Object.entries(tricks);
  await put(page, html.map(([name, body]) => ({ mail: mail({ from: "Mallory <m@evil.test>", subject: `Trick: ${name}`, html: body, text: "x" }) })));
  for (const [name] of html) {
    await page.goto(`${origin}/mail/search?q=${encodeURIComponent(`subject:"${name}"`)}`);
    await row(`Trick: ${name}`).first().click();
    await heading(`Trick: ${name}`).waitFor();
    await page.waitForTimeout(50);
  }
  await page.waitForTimeout(500);
  assert.equal(await page.evaluate(() => globalThis.ran), undefined, "nothing ran");
  assert.equal(opened.visits.count, 0, "nothing was loaded");
});

// Chromium looks names up, and opens a connection for a frame, before it asks the policy, which then lets nothing pass: that little the
// sanitiser alone takes out.
const ahead = /ahead|frame of another place|foreign object/;

test("the frame's policy holds without the sanitiser", async () => {
  await page.goto(`${origin}/mail`);
  await grid().waitFor();
  const frames = await page.evaluate(async (all) => {
    let count = 0;
    for (const html of all) {
      const frame = document.createElement("iframe");
      frame.src = "/app/message";
      frame.sandbox = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";
      await new Promise((resolve) => {
        frame.addEventListener("load", resolve);
        document.body.append(frame);
      });
      const inside = frame.contentDocument;
      inside.body.append(inside.createRange().createContextualFragment(html));
      count += 1;
    }
    return count;
  }, Object.entries(tricks).filter(([name]) => !ahead.test(name)).map(([, html]) => html));
  await page.waitForTimeout(1500);
  assert.ok(frames >= 60, `${frames} tricks`);
  assert.equal(await page.evaluate(() => globalThis.ran), undefined, "nothing ran");
  assert.equal(opened.visits.count, 0, "nothing was loaded");
});

test("keys go on over rows that are yet to be read, and nothing of a message stays in the next", async () => {
  await put(page, Array.from({ length: 120 }, (_, index) => ({ mail: mail({ subject: `Row ${index}`, text: `Text of ${index}` }), days: 1 })), "archive");
  await page.goto(`${origin}/mail/box/archive`);
  await row("Row 0").waitFor();
  for (let step = 0; step < 110; step += 1) await page.keyboard.press("j");
  await page.waitForFunction(() => document.querySelector("[role=grid]").getAttribute("aria-activedescendant") === document.querySelector('[aria-rowindex="110"]')?.id);
  await page.keyboard.press("Enter");
  for (const index of [109, 110, 111]) {
    await heading(`Row ${index}`).waitFor();
    await page.frameLocator("iframe").getByText(`Text of ${index}`).waitFor();
    assert.equal(await page.frameLocator("iframe").getByText(/Text of/).count(), 1);
    assert.equal(await page.getByRole("article").getByRole("button", { expanded: true }).count(), 1);
    await page.keyboard.press("j");
  }
});

test("bad input is shown safely", async () => {
  const many = Array.from({ length: 5000 }, (_, index) => `r${index}@many.test`).join(",\r\n ");
  await put(page, [
    { mail: mail({ subject: "Many recipients", to: many, text: "to all" }) },
    { mail: "From: broken\r\nSubject: Broken\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" },
    { mail: "From: a@b.test\r\nSubject: Wrong charset\r\nContent-Type: text/plain; charset=nonsense-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncaf\u00e9\r\n" },
    { mail: mail({ subject: "Name that hides", file: { name: "../../invoice\u202Efdp.exe", type: "application/pdf", content: "MZ" } }) },
    { mail: mail({ subject: "Much of it", html: `<p>${"word ".repeat(400_000)}</p>` }) },
  ]);
  await page.goto(`${origin}/mail`);
  for (const subject of ["Many recipients", "Broken", "Wrong charset", "Name that hides", "Much of it"]) {
    await row(subject).click();
    await heading(subject).waitFor();
  }
  await page.getByText("too long to show whole").waitFor();
  await row("Name that hides").click();
  const name = await page.getByRole("link", { name: /exe/ }).getAttribute("download");
  assert.equal(name, "invoicefdp.exe");
});

test("it fits a telephone, speaks Chinese and is dark", async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${origin}/mail?lang=zh-CN`);
  await page.emulateMedia({ colorScheme: "dark" });
  await row("报价单 2026").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(await wide(), 360);
  await accessible("the list on a telephone, dark");
  await row("报价单 2026").click();
  await heading("报价单 2026").waitFor();
  assert.equal(await grid().isVisible(), false);
  assert.equal(await wide(), 360);
  await accessible("a conversation on a telephone, dark");
  await page.getByRole("button", { name: "返回列表" }).click();
  await page.getByRole("button", { name: "文件夹" }).click();
  await page.getByRole("dialog", { name: "文件夹" }).getByRole("link", { name: "已发送" }).click();
  await page.waitForURL(/box\/sent/);
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
});

test("it reads from right to left, with longer words", async () => {
  for (const [tag, direction] of [["ar-XB", "rtl"], ["en-XA", "ltr"]]) {
    await page.goto(`${origin}/mail?lang=${tag}`);
    await row("报价单 2026").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.dir), direction);
    const side = await page.locator("aside").boundingBox();
    assert.equal(direction === "rtl" ? side.x + side.width : side.x, direction === "rtl" ? 1280 : 0);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280, tag);
  }
});

test("nothing went wrong on the way", () => {
  // Refused pictures of tricks are what the policy is for.
  const wrongs = page.wrongs.filter((wrong) => !/Content Security Policy|sandboxed|violates|evil\.test|ERR_FAILED/i.test(wrong));
  assert.deepEqual(wrongs, []);
});

test("whoever is signed out is sent to sign in", async () => {
  await page.goto(`${origin}/mail`);
  await page.getByText(`Signed in as ${address}`).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
  await page.goto(`${origin}/mail/box/sent`);
  await page.waitForURL(/\/sign-in\?next=%2Fmail%2Fbox%2Fsent/);
});
