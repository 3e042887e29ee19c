// Labels, and receipts that a message asks for.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mail, newPage, open, origin, put, row, signIn } from "./browser.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
  await put(page, [{ mail: mail({ subject: "Order 91", text: "Ten pieces" }) }, { mail: mail({ subject: "Order 92", text: "Two pieces" }) }]);
});

after(() => opened?.close());

const dialog = (name) => page.getByRole("dialog", { name });
const picker = () => dialog("Labels for what is selected");
const side = (name) => page.getByRole("navigation", { name: "Folders" }).getByRole("link", { name });

test("a label is made and put on by the keyboard alone, and its messages are listed", async () => {
  await page.goto(`${origin}/mail`);
  await row(page, "Order 91").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("l");
  await picker().waitFor();
  await page.keyboard.type("加急 urgent");
  await page.keyboard.press("Enter");
  await picker().getByRole("checkbox", { name: "加急 urgent" }).and(page.locator(":checked")).waitFor();
  await page.keyboard.press("Escape");
  await row(page, "Order 91").getByText("加急 urgent").waitFor();
  assert.equal(await row(page, "Order 92").getByText("加急 urgent").count(), 0);
  await side("加急 urgent").click();
  await row(page, "Order 91").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Search mail" }).inputValue(), 'label:"加急 urgent"');
  assert.equal(await row(page, "Order 92").count(), 0);
  await row(page, "Order 91").click();
  await page.getByRole("article").getByText("加急 urgent").waitFor();
});

test("a label gets another name and colour, which others see at once", async () => {
  const other = await newPage(opened.browser);
  await signIn(other);
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Manage labels" }).click();
  await dialog("Labels").getByRole("button", { name: "Change 加急 urgent" }).click();
  const form = page.getByRole("form", { name: "Change 加急 urgent" });
  await form.getByLabel("Name").fill("");
  await page.keyboard.press("Enter");
  await form.getByText("Give the label a name.").waitFor();
  await form.getByLabel("Name").fill("Urgent");
  await form.getByLabel("Colour").selectOption("red");
  await form.getByRole("button", { name: "Save" }).click();
  await dialog("Labels").getByRole("button", { name: "Change Urgent" }).waitFor();
  await dialog("Labels").getByRole("button", { name: "New label" }).click();
  await page.getByRole("form", { name: "New label" }).getByLabel("Name").fill("urgent");
  await page.keyboard.press("Enter");
  await page.getByText("There is a label of this name already.").waitFor();
  await other.getByRole("navigation", { name: "Folders" }).getByRole("link", { name: "Urgent" }).waitFor();
  await row(other, "Order 91").getByText("Urgent").waitFor();
  await other.context().close();
});

test("a label is put on several, taken off one, and deleted", async () => {
  await page.goto(`${origin}/mail`);
  for (const subject of ["Order 91", "Order 92"]) await row(page, subject).locator("label").click();
  await page.getByRole("button", { name: "Labels for what is selected" }).click();
  const box = picker().getByRole("checkbox", { name: "Urgent" });
  assert.equal(await box.evaluate((it) => it.indeterminate), true);
  await box.check();
  await page.keyboard.press("Escape");
  await row(page, "Order 92").getByText("Urgent").waitFor();
  await page.getByRole("button", { name: "Clear the selection" }).click();
  await row(page, "Order 91").click();
  await page.keyboard.press("l");
  await picker().getByRole("checkbox", { name: "Urgent" }).uncheck();
  await page.keyboard.press("Escape");
  await row(page, "Order 91").getByText("Urgent").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Manage labels" }).click();
  await dialog("Labels").getByRole("button", { name: "Delete Urgent" }).click();
  await dialog("Delete Urgent").getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("Urgent deleted").waitFor();
  await page.keyboard.press("Escape");
  await row(page, "Order 92").getByText("Urgent").waitFor({ state: "detached" });
  await side("Urgent").waitFor({ state: "detached" });
  await page.goto(`${origin}/mail/search?q=label:urgent`);
  await page.getByText("There is no label called urgent.").waitFor();
});

test("a receipt is sent only when somebody says so, and once", async () => {
  const asking = (subject) => ({ mail: mail({ subject, text: "Tell me", headers: ["Disposition-Notification-To: Anna <anna@partner.test>"] }) });
  await put(page, [asking("Asks one"), asking("Asks two")]);
  await page.goto(`${origin}/mail`);
  await row(page, "Asks one").click();
  const line = page.getByRole("note").filter({ hasText: "anna@partner.test asks to be told" });
  await line.getByRole("button", { name: "Do not send" }).click();
  await page.getByText("No receipt is sent.").waitFor();
  await line.waitFor({ state: "detached" });
  const sent = [];
  page.on("request", (request) => {
    const body = request.postData() ?? "";
    if (body.includes('"MDN/send"')) sent.push(body);
  });
  await row(page, "Asks two").click();
  await line.waitFor();
  assert.equal(sent.length, 0);
  await line.getByRole("button", { name: "Send a receipt" }).click();
  await page.getByText("Receipt sent").waitFor();
  await line.waitFor({ state: "detached" });
  assert.equal(sent.length, 1);
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Asks two" }).waitFor();
  await page.frameLocator("iframe").getByText("Tell me").waitFor();
  assert.equal(await line.count(), 0);
});

test("nothing went wrong on the way", () => assert.deepEqual(page.wrongs.filter((wrong) => !/Applying inline style/.test(wrong)), []));
