// Reading and sending without a connection, where somebody wants that.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, address, fitsTelephone, mail, newPage, open, origin, put, row, signIn } from "./browser.mjs";

let opened;
let page;

before(async () => {
  // A worker is not taken from a server whose certificate is not trusted.
  opened = await open(["--ignore-certificate-errors"]);
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

/** Whether the page and the mail are kept in the browser. */
const isKept = () =>
  page.evaluate(async () => {
    if (!navigator.serviceWorker.controller) return false;
    const request = indexedDB.open("tradewind", 1);
    await new Promise((resolve) => (request.onsuccess = resolve));
    const get = request.result.transaction("kept").objectStore("kept").get("mail");
    await new Promise((resolve) => (get.onsuccess = resolve));
    request.result.close();
    return get.result?.dump.messages.length > 0;
  });

const composer = (name) => page.getByRole("dialog", { name });

test("the newest mail is kept once somebody wants it, and read without a connection", async () => {
  await put(page, [{ mail: mail({ subject: "Kept for the train", text: "Read me anywhere." }), seen: true }]);
  await page.goto(`${origin}/mail`);
  await row(page, "Kept for the train").waitFor();
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("dialog", { name: "Settings" }).getByLabel("Keep the newest mail in this browser").check();
  await page.keyboard.press("Escape");
  while (!(await isKept())) await page.waitForTimeout(200);
  // What the page is made of is kept as it is asked for.
  await page.reload();
  await row(page, "Kept for the train").click();
  await page.frameLocator("iframe").getByText("Read me anywhere.").waitFor();
  await page.getByRole("button", { name: "Reply", exact: true }).first().click();
  await composer("Re: Kept for the train").getByRole("textbox", { name: "Text" }).waitFor();
  await composer("Re: Kept for the train").getByRole("button", { name: "Discard" }).click();
  await page.context().setOffline(true);
  await page.goto(`${origin}/mail/box/inbox`);
  await row(page, "Kept for the train").click();
  await page.frameLocator("iframe").getByText("Read me anywhere.").waitFor();
  await page.getByText("No connection.").waitFor();
  await accessible(page, "without a connection");
});

test("what is sent without a connection waits, says so, and goes once there is one", async () => {
  await page.getByRole("button", { name: "Write" }).click();
  await composer("New message").getByLabel("To", { exact: true }).fill(address);
  await composer("New message").getByRole("textbox", { name: "Text" }).click();
  await page.keyboard.type("From the train.");
  await composer("New message").getByLabel("Subject").fill("Written underway");
  await composer("Written underway").getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("the message is sent as soon as there is one").waitFor();
  const waiting = page.getByRole("region", { name: "1 message waits to be sent" });
  await waiting.getByText("Written underway").waitFor();
  await accessible(page, "what waits");
  await fitsTelephone(page, "what waits");
  // It is still there when the page is opened anew.
  await page.reload();
  await waiting.getByRole("button", { name: "Write on" }).click();
  await composer("Written underway").getByText("From the train.").waitFor();
  await composer("Written underway").getByRole("button", { name: "Send", exact: true }).click();
  await waiting.waitFor();
  await page.context().setOffline(false);
  await page.getByText("On its way: Written underway").waitFor();
  await waiting.waitFor({ state: "detached" });
  await page.goto(`${origin}/mail`);
  await row(page, "Written underway").first().waitFor();
  assert.equal(await row(page, "Written underway").count(), 1);
  await page.goto(`${origin}/mail/box/sent`);
  await row(page, "Written underway").waitFor();
  assert.equal(await row(page, "Written underway").count(), 1);
  await page.goto(`${origin}/mail/box/drafts`);
  await page.getByText("Nothing here.").waitFor();
});

test("signing out leaves nothing in the browser", async () => {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
  const left = await page.evaluate(async () => [(await indexedDB.databases()).length, (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]);
  assert.deepEqual(left, [0, 0, 0]);
});
