// Mailboxes of others: a shared one that may be changed and sent for, and a person's that may be read.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, address, fitsTelephone, newPage, open, origin, row, signIn } from "./browser.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

const accounts = () => page.getByRole("navigation", { name: "Mailboxes", exact: true });
const toolbar = () => page.getByRole("toolbar", { name: "More actions" }).last();

test("the mailboxes of others are named, with what is unread in them", async () => {
  await page.goto(`${origin}/mail`);
  await accounts().getByRole("link", { name: /office@trade\.test.*1 unread/ }).waitFor();
  await accounts().getByRole("link", { name: "read only" }).waitFor();
  await accessible(page, "several accounts");
  assert.equal(await accounts().getByRole("link", { name: "My mail" }).getAttribute("aria-current"), "true");
});

test("a shared mailbox is read and sorted", async () => {
  await accounts().getByRole("link", { name: /office@trade\.test/ }).click();
  await page.waitForURL(/\/mail\/a\/[^/]+\/box\/inbox$/);
  await row(page, "Order for office@trade.test").click();
  await page.getByRole("heading", { level: 1, name: "Order for office@trade.test" }).waitFor();
  await row(page, "Order for office@trade.test").locator("text=Unread").waitFor({ state: "detached" });
  await toolbar().getByRole("button", { name: "Flag" }).click();
  await row(page, "Order for office@trade.test").getByText("Flagged").waitFor();
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Order for office@trade.test" }).waitFor();
});

test("an answer goes out as the shared mailbox, and the message there is marked", async () => {
  await page.getByRole("article").getByRole("button", { name: "Reply", exact: true }).click();
  const composer = page.getByRole("dialog", { name: /^Re: Order for office/ });
  assert.match(await composer.getByLabel("From").locator("option:checked").textContent(), /^office@trade\.test$/);
  await composer.getByLabel("To", { exact: true }).fill(address);
  await composer.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("Message will be sent in 10 seconds").waitFor();
  await page.goto(`${origin}/mail`);
  await row(page, "Re: Order for office@trade.test").getByText("office@trade.test").first().waitFor();
});

test("where only reading is permitted, nothing else is offered, and nothing is marked", async () => {
  await accounts().getByRole("link", { name: "read only" }).click();
  await row(page, "Order for").click();
  await page.getByRole("heading", { level: 1, name: /^Order for/ }).waitFor();
  await row(page, "Order for").locator("text=Unread").waitFor({ state: "attached" });
  assert.equal(await toolbar().getByRole("button").count(), 0);
  await page.keyboard.press("e");
  await page.keyboard.press("#");
  await page.keyboard.press("s");
  await page.waitForTimeout(500);
  await row(page, "Order for").waitFor();
  assert.equal(await page.getByText("That did not work").count(), 0);
  await page.getByRole("button", { name: "Manage folders" }).click();
  await page.getByRole("dialog", { name: "Folders" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "New folder" }).count(), 0);
  await page.keyboard.press("Escape");
  await fitsTelephone(page, "another's mailbox");
});

test("an account that may not be seen leads to the own one", async () => {
  await page.goto(`${origin}/mail/a/0/box/inbox`);
  await accounts().getByRole("link", { name: "My mail" }).waitFor();
  assert.equal(await accounts().getByRole("link", { name: "My mail" }).getAttribute("aria-current"), "true");
});

test("what others have shared is told once, on the page of the account", async () => {
  await page.goto(`${origin}/mail/account`);
  const told = page.getByRole("region", { name: "Shared with you" });
  await told.getByText("Administrator of the system lets you read and change the folder INBOX").waitFor();
  await told.getByText("Administrator of the system lets you read the folder INBOX").waitFor();
  await told.getByRole("button", { name: "Dismiss all" }).click();
  await told.getByText("Nothing new was shared with you.").waitFor();
});

test("nothing went wrong on the way", () => assert.deepEqual(page.wrongs, []));
