// Folders, and what is done with all that a list holds.
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

const dialog = () => page.getByRole("dialog", { name: "Folders" });
const side = (name) => page.getByRole("navigation", { name: "Folders" }).getByRole("link", { name });

async function manage() {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Manage folders" }).click();
  await dialog().waitFor();
}

/** A list that is shown anew meanwhile closes the menu: then it is opened again, as somebody would. */
async function act(folder, what) {
  const item = page.getByRole("menuitem", { name: what });
  for (let tries = 0; ; tries += 1) {
    await dialog().getByRole("button", { name: `Actions for ${folder}` }).click();
    try {
      return await item.click({ timeout: 5_000 });
    } catch (error) {
      if (tries === 3) throw error;
      await page.waitForTimeout(500);
    }
  }
}

async function fill(name, parent) {
  await dialog().getByLabel("Name").fill(name);
  if (parent !== undefined) await dialog().getByLabel("Lies in").selectOption({ label: parent });
  await dialog().getByRole("button", { name: "Save" }).click();
}

test("a folder is made, called something else, moved and hidden, by the keyboard alone where somebody likes", async () => {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Manage folders" }).focus();
  await page.keyboard.press("Enter");
  await dialog().getByRole("button", { name: "New folder", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("客户 2026");
  await page.keyboard.press("Enter");
  await side("客户 2026").waitFor();
  await accessible(page, "the folders");
  await act("客户 2026", "New folder within");
  await fill("Nordkraft");
  await side("Nordkraft").waitFor();
  await act("Nordkraft", "Rename or move");
  await fill("客户 2026", "At the top");
  await dialog().getByText("There is a folder of this name already.").waitFor();
  await fill("Nordkraft AS", "At the top");
  await side("Nordkraft AS").waitFor();
  await dialog().getByRole("checkbox", { name: "Show 客户 2026 in the list of folders" }).click();
  await side("客户 2026").waitFor({ state: "detached" });
  await dialog().getByText("客户 2026", { exact: true }).waitFor();
  await fitsTelephone(page, "the folders");
});

test("a folder that is deleted leaves its messages in Trash", async () => {
  await put(page, [{ mail: mail({ subject: "Kept in a folder" }) }]);
  await page.goto(`${origin}/mail`);
  await row(page, "Kept in a folder").click();
  await page.getByRole("toolbar", { name: "More actions" }).getByRole("button", { name: "Move to" }).click();
  await page.getByRole("menuitem", { name: "Nordkraft AS" }).click();
  await row(page, "Kept in a folder").waitFor({ state: "detached" });
  await manage();
  await act("Nordkraft AS", "Delete");
  const sure = page.getByRole("dialog", { name: "Delete the folder Nordkraft AS?" });
  await sure.getByText("Its message goes to Trash.").waitFor();
  await accessible(page, "asking whether a folder is to go");
  await sure.getByRole("button", { name: "Delete" }).click();
  await side("Nordkraft AS").waitFor({ state: "detached" });
  await page.goto(`${origin}/mail/box/trash`);
  await row(page, "Kept in a folder").waitFor();
});

test("a folder that others lie in is not deleted", async () => {
  await manage();
  await act("客户 2026", "New folder within");
  await fill("Below");
  await act("客户 2026", "Delete");
  await page.getByText("Other folders lie in it.").waitFor();
  await page.keyboard.press("Escape");
});

test("all that a list holds is selected, moved and brought back, shown or not", async () => {
  const many = 730;
  await put(page, Array.from({ length: many }, (_, index) => ({ mail: mail({ subject: `Number ${index}` }), seen: index % 2 === 0 })));
  await page.goto(`${origin}/mail`);
  await page.getByText(`${many} conversations`).waitFor();
  await row(page, "Number 3").first().getByRole("checkbox").check();
  await page.getByRole("button", { name: `Select all ${many} conversations` }).click();
  await page.getByText(`${many} selected`).waitFor();
  await accessible(page, "all selected");
  await page.getByRole("button", { name: "Archive" }).click();
  await page.getByText(`${many} messages archived`).waitFor();
  await page.getByText("Nothing here.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText(`${many} conversations`).waitFor();
  // By keys, and only what changes comes back.
  await page.getByRole("grid").focus();
  await page.keyboard.press("*");
  await page.keyboard.press("a");
  await page.getByText(`${many} selected`).waitFor();
  await page.getByRole("button", { name: "Mark as read" }).click();
  await page.getByText(`${many / 2} messages changed`).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").last().waitFor();
  await page.getByRole("navigation", { name: "Folders" }).getByText(`${many / 2} unread`).waitFor();
});

test("Trash is emptied once somebody has said that it is meant", async () => {
  await page.goto(`${origin}/mail/box/trash`);
  await page.getByRole("button", { name: "Empty", exact: true }).click();
  const sure = page.getByRole("dialog", { name: "Delete everything in Trash for good?" });
  await sure.waitFor();
  await accessible(page, "asking whether Trash is to be emptied");
  await sure.getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("Nothing here.").waitFor();
  await page.goto(`${origin}/mail/search?q=${encodeURIComponent("subject:kept")}`);
  await page.getByText("No message fits.").waitFor();
});

test("a folder is shared with a colleague, who may then change more, and no longer", async () => {
  await manage();
  await act("Inbox", "Share");
  const sharing = page.getByRole("dialog", { name: "Share Inbox" });
  await sharing.getByText("Nobody else sees this folder.").waitFor();
  await sharing.getByLabel("Colleague").fill("finance@");
  await sharing.getByRole("button", { name: /^Share with / }).click();
  const level = sharing.getByLabel(/^What .* may do$/);
  await level.waitFor();
  assert.equal(await level.inputValue(), "read");
  await accessible(page, "sharing a folder");
  await level.selectOption({ label: "read and change" });
  await page.keyboard.press("Escape");
  await dialog().getByText("shared with 1 person").waitFor();
  await page.reload();
  await manage();
  await act("Inbox", "Share");
  await level.waitFor();
  assert.equal(await level.inputValue(), "write");
  await sharing.getByLabel("Colleague").fill("nobody of this name");
  await sharing.getByText("No colleague of that name or address.").waitFor();
  await sharing.getByRole("button", { name: /^Stop sharing with / }).click();
  await sharing.getByText("Nobody else sees this folder.").waitFor();
  await fitsTelephone(page, "sharing a folder");
});

test("nothing went wrong on the way", () => assert.deepEqual(page.wrongs, []));
