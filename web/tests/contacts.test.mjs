// Contacts: made, found, changed, suggested, and the time where they are.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, fitsTelephone, mail, newPage, open, origin, put, row, signIn } from "./browser.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

const card = () => page.getByRole("article");

test("a sender becomes a contact", async () => {
  await put(page, [{ mail: mail({ subject: "First contact", text: "Hello" }) }]);
  await page.goto(`${origin}/mail`);
  await row(page, "First contact").click();
  await card().getByText("Details").click();
  await card().getByRole("link", { name: "Add to contacts" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Anna Berg");
  assert.equal(await page.getByLabel("Mail addresses, one in each line").inputValue(), "anna@partner.test");
  await page.getByLabel("Company").fill("Nordkraft AS");
  await page.getByLabel("Country").selectOption("NO");
  await page.getByLabel("Time zone").selectOption("Pacific/Kiritimati");
  await accessible(page, "a new contact");
  await fitsTelephone(page, "a new contact");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 2, name: "Anna Berg" }).waitFor();
  await card().getByText("Norway").waitFor();
  await card().getByRole("link", { name: /First contact/ }).waitFor();
  await accessible(page, "a contact");
  await fitsTelephone(page, "a contact");
});

test("a contact is found by its company, changed, and another is made and deleted", async () => {
  await page.goto(`${origin}/mail/contacts`);
  await page.getByRole("button", { name: "New contact" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Give a name or an address.").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("王芳");
  await page.getByLabel("Mail addresses, one in each line").fill("wang.fang@huadong.test");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 2, name: "王芳" }).waitFor();
  await page.getByRole("searchbox", { name: "Search contacts" }).fill("nordkraft");
  const found = page.getByRole("main").getByRole("listitem");
  await found.filter({ hasText: "王芳" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: /Anna Berg/ }).click();
  await card().getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Position").fill("Buyer");
  await page.getByRole("button", { name: "Save" }).click();
  await card().getByText("Buyer").waitFor();
  await card().getByText("Nordkraft AS").waitFor();
});

test("contacts are suggested as recipients, by the keyboard alone", async () => {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  const composer = page.getByRole("dialog", { name: "New message" });
  const to = composer.getByLabel("To", { exact: true });
  await to.pressSequentially("nordk");
  await composer.getByRole("option", { name: /Anna Berg/ }).waitFor();
  await accessible(page, "suggestions");
  await page.keyboard.press("Enter");
  assert.equal(await to.inputValue(), "Anna Berg <anna@partner.test>, ");
  await to.pressSequentially("王");
  await composer.getByRole("option", { name: /wang\.fang/ }).click();
  assert.equal(await to.inputValue(), "Anna Berg <anna@partner.test>, 王芳 <wang.fang@huadong.test>, ");
  await composer.getByRole("button", { name: "Discard" }).click();
});

test("the time where somebody is stands beside the name", async () => {
  await row(page, "First contact").click();
  await card().getByText(/\d\d:\d\d.* there/).waitFor();
});

test("contacts come from a file, without those that are there, and go into one", async () => {
  await page.goto(`${origin}/mail/contacts`);
  const file = (text) => page.getByLabel("Import (vCard)").setInputFiles({ name: "people.vcf", mimeType: "text/vcard", buffer: Buffer.from(text) });
  await file("nothing");
  await page.getByText("people.vcf holds no contacts.").waitFor();
  const card = (name, email) => `BEGIN:VCARD\r\nVERSION:3.0\r\nFN:${name}\r\nEMAIL:${email}\r\nEND:VCARD\r\n`;
  await file(card("Anna again", "ANNA@partner.test") + card("José Álvarez", "jose@iberica.test"));
  await page.getByText("1 contact added; 1 was there already").waitFor();
  await page.getByRole("link", { name: /José Álvarez/ }).waitFor();
  assert.equal(await page.getByRole("link", { name: /Anna again/ }).count(), 0);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export (vCard)" }).click()]);
  const chunks = [];
  for await (const chunk of await saved.createReadStream()) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  assert.match(text, /FN:José Álvarez/);
  assert.match(text, /EMAIL:anna@partner.test/);
});

test("a contact is deleted", async () => {
  await page.goto(`${origin}/mail/contacts`);
  await page.getByRole("link", { name: /王芳/ }).click();
  await card().getByRole("button", { name: "Delete" }).click();
  await page.getByRole("link", { name: /王芳/ }).waitFor({ state: "detached" });
});

test("nothing went wrong on the way", () => assert.deepEqual(page.wrongs.filter((wrong) => !/Applying inline style/.test(wrong)), []));
