// Writing: signatures by language, templates, receipts, reminders, and what is kept of a message that is answered.
import assert from "node:assert/strict";
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
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

async function settings() {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Settings" }).click();
  await dialog("Settings").getByRole("textbox", { name: "Signature" }).waitFor();
}

async function sign(text) {
  const field = dialog("Settings").getByRole("textbox", { name: "Signature" });
  await field.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
  await dialog("Settings").getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).last().waitFor();
}

async function write(subject, text) {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  const composer = page.getByRole("dialog", { name: "New message" });
  await composer.getByLabel("To", { exact: true }).fill(address);
  await composer.getByRole("textbox", { name: "Text" }).click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.type(text);
  await composer.getByLabel("Subject").fill(subject);
  return page.getByRole("dialog", { name: subject });
}

async function send(composer) {
  await composer.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("Message will be sent in 10 seconds").waitFor();
}

test("there is a signature for each language, and an answer has the one of its message", async () => {
  await settings();
  await sign("Li Na, Export");
  await dialog("Settings").getByRole("button", { name: "Another for this address" }).click();
  await dialog("Settings").getByRole("textbox", { name: "Signature" }).waitFor();
  await page.waitForTimeout(300);
  await sign("李娜，外贸部");
  await accessible(page, "the settings");
  await fitsTelephone(page, "the settings");
  await put(page, [
    { mail: mail({ subject: "Order 88", text: "Dear Li Na, please confirm the order." }) },
    { mail: mail({ subject: "关于订单", text: "李娜你好，请确认订单的唛头和装柜时间。" }) },
  ]);
  for (const [subject, has, lacks] of [["Order 88", "Li Na, Export", "外贸部"], ["关于订单", "李娜，外贸部", "Export"]]) {
    await page.goto(`${origin}/mail`);
    await row(page, subject).click();
    await page.getByRole("heading", { level: 1, name: subject }).waitFor();
    await page.frameLocator("iframe").getByText(/Li Na|李娜/).first().waitFor();
    await page.keyboard.press("r");
    const composer = dialog(`Re: ${subject}`);
    const text = composer.getByRole("textbox", { name: "Text" });
    await text.getByText(has).waitFor();
    assert.equal(await text.getByText(lacks).count(), 0, subject);
    const other = await composer.getByLabel("From").locator("option", { hasText: lacks }).first().getAttribute("value");
    await composer.getByLabel("From").selectOption(other);
    await text.getByText(lacks).first().waitFor();
    assert.equal(await text.locator("> p").getByText(has).count(), 0, `${subject}, changed`);
    await composer.getByRole("button", { name: "Discard" }).click();
  }
});

test("a template is saved in its language and begins a message", async () => {
  const composer = await write("Quotation", "We are pleased to quote as follows.");
  await composer.getByRole("button", { name: "Templates" }).click();
  await dialog("Templates").getByText("There is no template yet.").waitFor();
  await dialog("Templates").getByLabel("Language").selectOption("en");
  await dialog("Templates").getByRole("button", { name: "Save" }).click();
  await dialog("Templates").getByRole("button", { name: /Quotation.*English/ }).waitFor();
  await dialog("Templates").getByLabel("Language").selectOption("zh");
  await dialog("Templates").getByRole("button", { name: "Save" }).click();
  await dialog("Templates").getByRole("button", { name: /Quotation.*Chinese/ }).waitFor();
  await accessible(page, "the templates");
  await fitsTelephone(page, "the templates");
  await page.keyboard.press("Escape");
  await composer.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("button", { name: "Write" }).click();
  const fresh = dialog("New message");
  await fresh.getByRole("button", { name: "Templates" }).click();
  await dialog("Templates").getByRole("button", { name: /Quotation.*Chinese/ }).first().waitFor();
  await dialog("Templates").getByLabel("Language").first().selectOption("en");
  assert.equal(await dialog("Templates").getByRole("button", { name: /Quotation.*Chinese/ }).count(), 0);
  await dialog("Templates").getByRole("button", { name: /^Quotation.*English/ }).click();
  const begun = dialog("Quotation");
  await begun.getByText("We are pleased to quote as follows.").waitFor();
  await begun.getByRole("button", { name: "Discard" }).click();
});

test("a receipt is asked for, and whoever waits for an answer sees it", async () => {
  const composer = await write("Please answer soon", "When does it leave?");
  await composer.getByRole("button", { name: "More options" }).click();
  await composer.getByLabel("Ask for a read receipt").check();
  await composer.getByLabel("Tell me if nobody answers within").selectOption("3");
  await accessible(page, "more options");
  await fitsTelephone(page, "writing");
  // Both are kept with the draft.
  await composer.getByRole("button", { name: "Save as draft and close" }).click();
  await page.goto(`${origin}/mail/box/drafts`);
  await row(page, "Please answer soon").click();
  await page.getByRole("article").getByRole("button", { name: "Write" }).click();
  const again = dialog("Please answer soon");
  assert.equal(await again.getByLabel("Ask for a read receipt").isChecked(), true);
  assert.equal(await again.getByLabel("Tell me if nobody answers within").inputValue(), "3");
  await send(again);
  await page.getByRole("link", { name: "Waiting for an answer" }).click();
  await row(page, "Please answer soon").waitFor();
  const raw = await page.evaluate(async () => {
    const session = await (await fetch("/.well-known/jmap")).json();
    const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    const methodCalls = [
      ["Email/query", { accountId, filter: { hasKeyword: "$followup-3" } }, "0"],
      ["Email/get", { accountId, "#ids": { resultOf: "0", name: "Email/query", path: "/ids" }, properties: ["messageId", "header:Disposition-Notification-To:asAddresses"] }, "1"],
    ];
    const response = await fetch(new URL(session.apiUrl).pathname, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ using: Object.keys(session.capabilities), methodCalls }) });
    return (await response.json()).methodResponses[1][1].list[0];
  });
  assert.equal(raw["header:Disposition-Notification-To:asAddresses"][0].email, address);
  await put(page, [{ mail: mail({ subject: "Re: Please answer soon", text: "On Friday.", headers: [`In-Reply-To: <${raw.messageId[0]}>`, `References: <${raw.messageId[0]}>`] }), days: -0.01 }]);
  await page.goto(`${origin}/mail/search?q=${encodeURIComponent("is:waiting")}`);
  await page.getByText("No message fits.").waitFor();
});

test("what was not answered in time is told", async () => {
  await put(page, [{ mail: mail({ from: address, to: "anna@partner.test", subject: "Long ago" }), days: 5, seen: true, keywords: { "$followup-1": true } }], "sent");
  await page.goto(`${origin}/mail`);
  await page.getByText("1 message was not answered in time.").waitFor();
  await page.getByRole("button", { name: "Show" }).click();
  await row(page, "Long ago").waitFor();
});

test("tables and pictures of a message stay in its answer", async () => {
  const html = '<p>As agreed:</p><table border="1"><tr><th>Item</th><td>6204</td></tr></table><p><img src="cid:logo@partner.test" alt="Logo"></p>';
  await put(page, [{ mail: mail({ subject: "With a table", text: "x", html, file: { cid: "logo@partner.test", type: "image/png", name: "", content: PIXEL } }) }]);
  await page.goto(`${origin}/mail`);
  await row(page, "With a table").click();
  await page.frameLocator("iframe").getByRole("cell", { name: "6204" }).waitFor();
  await page.keyboard.press("r");
  const composer = dialog("Re: With a table");
  await composer.getByRole("cell", { name: "6204" }).waitFor();
  const picture = composer.locator("blockquote img[data-cid]");
  await picture.waitFor();
  assert.equal(await picture.evaluate((it) => it.decode().then(() => it.naturalWidth)), 1);
  await accessible(page, "an answer with a table");
  await composer.getByLabel("To", { exact: true }).fill(address);
  await send(composer);
  await page.goto(`${origin}/mail`);
  await row(page, "Re: With a table").first().click();
  await page.getByRole("heading", { level: 1, name: "With a table" }).waitFor();
  const shown = page.frameLocator("iframe").last();
  await shown.getByRole("cell", { name: "6204" }).waitFor();
  await shown.locator("img[src^='blob:']").waitFor();
});

test("nothing went wrong on the way", () => {
  // Styles within messages are refused where they are read; what is shown has its own place for them.
  assert.deepEqual(page.wrongs.filter((wrong) => !/Applying inline style/.test(wrong)), []);
});
