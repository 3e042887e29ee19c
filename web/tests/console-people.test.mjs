// The console as the administrator uses it: the overview; people, groups, tables of people; what happened to mail, mail on its way; domains;
// backups; settings and the level, which are the security officer's.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, open } from "./browser.mjs";
import { dialog, enter, go, hasChinese, heading, look, nothingWrong, places, press, region, saved } from "./console.mjs";

const { ADMIN_USER, ADMIN_PASSWORD, IMAP_USER, OTHER_USER, PEOPLE } = process.env;
let opened;
let page;
/** The page of the security officer. */
let officer;

before(async () => {
  opened = await open();
  page = await enter(opened.browser, ADMIN_USER, ADMIN_PASSWORD);
  const { security } = JSON.parse(readFileSync(PEOPLE, "utf8"));
  officer = await enter(opened.browser, security.address, security.password);
});

after(() => opened?.close());

test("the administrator sees his places, and none that are not his", async () => {
  await go(page, "/people");
  await places(page).getByRole("link", { name: "People and mailboxes" }).waitFor();
  assert.equal(await places(page).getByRole("link", { name: "Audit log" }).count(), 0);
  await look(page, "people");
});

test("an account is made; what is wrong stands beside its field and nothing typed is lost", async () => {
  await go(page, "/people");
  await press(page, "Make an account");
  const form = dialog(page, "Make an account");
  await form.getByLabel("Address").fill("anna@nowhere.test");
  await form.getByLabel("Name", { exact: true }).fill("Anna Berg");
  await accessible(page, "a new account");
  await form.getByRole("button", { name: "Make an account" }).click();
  await form.getByRole("alert").waitFor();
  assert.equal(await form.getByLabel("Address").getAttribute("aria-invalid"), "true");
  assert.equal(await form.getByLabel("Name", { exact: true }).inputValue(), "Anna Berg");
  await form.getByLabel("Address").fill("anna@trade.test");
  await page.keyboard.press("Enter");
  const told = dialog(page, "The new password");
  await told.waitFor();
  assert.ok(((await told.locator("code").textContent()) ?? "").length >= 12);
  await told.getByRole("button", { name: "I have passed it on" }).click();
  await region(page, "People and mailboxes").getByRole("link", { name: "anna@trade.test" }).waitFor();
});

test("people are found by what is typed, which stands in the address of the page", async () => {
  await region(page, "People and mailboxes").getByLabel("Search").fill("berg");
  await page.waitForURL(/search=berg/);
  await page.getByText("1 row, which is all").waitFor();
  await page.reload();
  await page.getByText("1 row, which is all").waitFor();
  await press(page, "Views");
  await page.getByRole("menuitem", { name: "Keep this view" }).click();
  await dialog(page, "Keep this view").getByRole("textbox").fill("Bergs");
  await page.keyboard.press("Enter");
  await go(page, "/people");
  await press(page, "Views");
  await page.getByRole("menuitem", { name: "Bergs", exact: true }).click();
  await page.waitForURL(/search=berg/);
  const csv = (await saved(page, () => press(page, "Save as CSV"))).toString();
  assert.match(csv, /"anna@trade\.test","Anna Berg"/);
  assert.equal(csv.split("\r\n").length, 3);
});

test("everything is reached by its name and by keys alone", async () => {
  await go(page, "/groups");
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "A page, or a person" });
  await field.waitFor();
  await accessible(page, "go to");
  await page.keyboard.type("anna");
  await page.getByRole("option", { name: /anna@trade\.test/ }).waitFor();
  await page.keyboard.press("Enter");
  await heading(page, "anna@trade.test").waitFor();
});

test("an account's page has all about it; room, further addresses and state are changed", async () => {
  await region(page, "About the account").getByText("Anna Berg").waitFor();
  await region(page, "Second factors").getByText("No second factor: whoever knows the password gets in.").waitFor();
  await look(page, "an account");
  await press(page, "Add an address");
  await dialog(page, "Add an address").getByLabel("Further address").fill(OTHER_USER);
  await page.keyboard.press("Enter");
  await dialog(page, "Add an address").getByRole("alert").waitFor();
  await dialog(page, "Add an address").getByLabel("Further address").fill("a.berg@trade.test");
  await page.keyboard.press("Enter");
  await region(page, "About the account").getByText("a.berg@trade.test").waitFor();
  await press(page, "Change the room");
  await dialog(page, "Change the room").getByLabel("Room for mail in MiB").fill("2048");
  await page.keyboard.press("Enter");
  await region(page, "About the account").getByText(/of 2\.1/).waitFor();
  await press(page, "Put out of use");
  await dialog(page, "Put out of use").getByText(/mail to it is refused/).waitFor();
  await dialog(page, "Put out of use").getByRole("button", { name: "Put out of use" }).click();
  await region(page, "About the account").getByText("out of use").waitFor();
  await press(page, "Put into use");
  await dialog(page, "Put into use").getByRole("button", { name: "Put into use" }).click();
  await region(page, "About the account").getByText(/^✓\s*in use$/).waitFor();
});

test("whoever leaves leaves in one step, which a second person has to allow", async () => {
  await press(page, "Leaves the company");
  const form = dialog(page, "Leaves the company");
  await form.getByLabel("Who reads the mail").fill(OTHER_USER);
  await accessible(page, "leaving");
  await form.getByRole("button", { name: "Ask for it" }).click();
  await page.getByText(/second person/).first().waitFor();
  await region(page, "About the account").getByText("Person").waitFor();
});

test("a group is made, filled and deleted", async () => {
  await go(page, "/groups");
  await page.getByText("There are no groups yet.").waitFor();
  await press(page, "Make a group");
  await dialog(page, "Make a group").getByLabel("Address").fill("orders@trade.test");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "orders@trade.test" }).click();
  await heading(page, "orders@trade.test").waitFor();
  await press(page, "Add a member");
  await dialog(page, "Add a member").getByRole("textbox").fill("nobody@trade.test");
  await page.keyboard.press("Enter");
  await dialog(page, "Add a member").getByRole("alert").waitFor();
  await dialog(page, "Add a member").getByRole("textbox").fill("anna@trade.test");
  await page.keyboard.press("Enter");
  await region(page, "Members").getByText("anna@trade.test").waitFor();
  await look(page, "a group");
  await press(page, "Delete the group");
  await dialog(page, "Delete the group").getByRole("button", { name: "Delete the group" }).click();
  await page.getByText("There are no groups yet.").waitFor();
});

test("many people come from a table, which is tried first; a wrong one names its line", async () => {
  await go(page, "/table");
  const file = (text) => ({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  const field = region(page, "Table (CSV)").getByLabel("Table (CSV)");
  await field.setInputFiles(file("kind,address,name\r\nperson,not an address,X\r\n"));
  await press(page, "Show what would change");
  await page.getByRole("alert").filter({ hasText: "line 2" }).waitFor();
  await field.setInputFiles(file("kind,address,name\r\nperson,zhou@trade.test,周明\r\n"));
  await press(page, "Show what would change");
  await region(page, "What would change").getByText("zhou@trade.test").waitFor();
  await look(page, "a table that was tried");
});

test("the overview says what needs somebody, with the way to mend it, and numbers lead to their rows", async () => {
  await go(page, "/");
  await region(page, "How it stands").getByText(/need(s)? you now|Nothing needs you now/).waitFor();
  const areas = region(page, "Protection, what needs you first").getByRole("listitem");
  await areas.first().waitFor();
  // What needs somebody stands first.
  const states = await areas.evaluateAll((all) => all.map((it) => (/✕/.test(it.textContent) ? 0 : /!/.test(it.textContent) ? 1 : 2)));
  assert.deepEqual(states, states.toSorted());
  await look(page, "the overview");
  await areas.filter({ hasText: "Backups" }).getByRole("link", { name: /^Mend it/ }).click();
  await heading(page, "Backups").waitFor();
  await go(page, "/");
  const numbers = region(page, "Numbers");
  await numbers.getByRole("link", { name: /^1 \(oldest since/ }).click();
  await heading(page, "Outgoing queue").waitFor();
  await go(page, "/");
  await numbers.getByRole("link", { name: /in 24 hours/ }).first().click();
  await page.waitForURL(/direction=in.*since=|since=.*direction=in/);
  await heading(page, "Message trace").waitFor();
});

test("what happened to a message is found by an address and told step by step", async () => {
  await go(page, "/trace");
  const list = region(page, "Message trace");
  await list.getByLabel("Address", { exact: true }).fill("buyer@far");
  await list.getByLabel("Direction").selectOption("in");
  await page.waitForURL(/direction=in/);
  // An address that is not typed to its end is not asked for.
  assert.doesNotMatch(page.url(), /address=/);
  await list.getByLabel("Address", { exact: true }).fill("buyer@far.example");
  await page.waitForURL(/address=buyer%40far\.example/);
  await page.getByText("1 row, which is all").waitFor();
  await list.getByText("Price list").waitFor();
  await list.getByRole("cell", { name: "delivered" }).waitFor();
  await look(page, "the trace");
  await list.getByRole("row").nth(1).getByRole("link").click();
  await heading(page, "Price list").waitFor();
  await region(page, "Message").getByText(IMAP_USER).waitFor();
  const steps = region(page, "Step by step");
  for (const words of [/ connected to /, /The whole message had come\./, /The filter says: /, /In the inbox of /]) await steps.getByText(words).waitFor();
  await look(page, "what happened to a message");
  await go(page, "/trace?address=nobody%40far.example");
  await page.getByText("No message fits.").waitFor();
});

test("a message that waits is held, let go and taken away", async () => {
  await go(page, "/queue");
  await region(page, "Outgoing queue").getByRole("link").first().click();
  await heading(page, "Message on its way out").waitFor();
  await look(page, "a message on its way");
  await press(page, "Hold");
  await page.getByRole("button", { name: "Let go" }).waitFor();
  await press(page, "Let go");
  await page.getByRole("button", { name: "Hold" }).waitFor();
  await press(page, "Remove");
  await dialog(page, "Remove").getByRole("button", { name: "Remove" }).click();
  await page.getByText(/^Nothing waits/).waitFor();
  await look(page, "the queue");
});

test("a domain is added with keys that sign for it; a bad one is told beside the field", async () => {
  await go(page, "/domains");
  await press(page, "Take mail for a domain");
  const form = dialog(page, "Take mail for a domain");
  await form.getByLabel("Domain").fill("not a domain");
  await page.keyboard.press("Enter");
  await form.getByRole("alert").waitFor();
  await form.getByLabel("Domain").fill("trade-two.test");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "trade-two.test" }).click();
  await region(page, "Keys that sign outgoing mail (DKIM)").getByText("v=DKIM1", { exact: false }).first().waitFor();
  await look(page, "a domain");
});

test("backups, reports, protection and the store have their pages", async () => {
  for (const [place, name] of [["/backups", "Backups"], ["/reports", "Reports from others"], ["/protection", "Protection for partners"], ["/store", "Mail store"], ["/space", "Room"]]) {
    await go(page, place);
    await heading(page, name).waitFor();
    await look(page, name);
  }
  await go(page, "/store");
  await press(page, "Does everything fit together?");
  await page.getByText("Nothing is wrong.").waitFor();
  await go(page, "/space");
  await page.getByRole("button", { name: /^What takes it: / }).first().click();
  await page.getByRole("dialog").getByText("Large ones, from 1 MiB on").waitFor();
  await accessible(page, "room");
});

const SETTING = "/settings/trace.keep_days";

test("a setting is changed with a reason, which its history keeps, and undone", async () => {
  await go(officer, "/settings");
  const list = region(officer, "Settings");
  await list.getByLabel("Section").selectOption("trace");
  await officer.waitForURL(/section=trace/);
  await list.getByRole("link", { name: "trace.keep_days" }).waitFor();
  await look(officer, "settings");
  await list.getByRole("link", { name: "trace.keep_days" }).click();
  await region(officer, "About the setting").getByText("applies at once").waitFor();
  await region(officer, "Who changed it").getByText("Nobody has changed it.").waitFor();
  const form = region(officer, "Change it");
  await form.getByLabel("Value").fill("many");
  await form.getByLabel("Why").fill("Claims come late.");
  await form.getByRole("button", { name: "Keep" }).click();
  await form.getByRole("alert").waitFor();
  assert.equal(await form.getByLabel("Value").getAttribute("aria-invalid"), "true");
  assert.equal(await form.getByLabel("Why").inputValue(), "Claims come late.");
  await accessible(officer, "a wrong value");
  await form.getByLabel("Value").fill("45");
  await officer.keyboard.press("Enter");
  const history = region(officer, "Who changed it");
  await history.getByText("30 → 45").waitFor();
  await history.getByText("Claims come late.").waitFor();
  await history.getByText("security@trade.test").waitFor();
  await look(officer, "a setting");
  // What protects less is refused unless it is meant.
  await form.getByLabel("Value").fill("10");
  await form.getByRole("button", { name: "Keep" }).click();
  await form.getByRole("alert").filter({ hasText: "protects less" }).waitFor();
  await history.getByRole("button", { name: "Undo the last change" }).click();
  const undo = officer.getByRole("dialog", { name: "Undo the last change" });
  await undo.getByLabel("Why").fill("Not needed.");
  await undo.getByLabel("It may protect less").check();
  await undo.getByRole("button", { name: "Undo the last change" }).click();
  await history.getByText("45 → 30").waitFor();
  await history.getByText("protects less").waitFor();
});

test("a change on an older version is refused, and what holds now is shown", async () => {
  const other = await officer.context().newPage();
  await go(other, SETTING);
  await region(other, "Change it").getByLabel("Value").fill("60");
  await go(officer, SETTING);
  await region(officer, "Change it").getByLabel("Value").fill("50");
  await region(officer, "Change it").getByRole("button", { name: "Keep" }).click();
  await region(officer, "Who changed it").getByText("30 → 50").waitFor();
  const form = region(other, "Change it");
  await form.getByRole("button", { name: "Keep" }).click();
  await form.getByRole("alert").filter({ hasText: "changed meanwhile" }).waitFor();
  assert.equal(await form.getByLabel("Value").inputValue(), "60");
  await form.getByRole("button", { name: "Show what holds now" }).click();
  await region(other, "Who changed it").getByText("30 → 50").waitFor();
  assert.equal(await form.getByLabel("Value").inputValue(), "50");
  await other.close();
  await go(officer, "/settings?changed=yes");
  await region(officer, "Settings").getByRole("link", { name: "trace.keep_days" }).waitFor();
});

test("all settings are saved as a file, and a file shows what it would change", async () => {
  await go(officer, "/settings");
  const text = (await saved(officer, () => press(officer, "Save all as a file"))).toString();
  assert.match(text, /keep_days = 50/);
  await press(officer, "From a file");
  const form = officer.getByRole("dialog", { name: "From a file" });
  await form.getByLabel("File of the configuration").setInputFiles({ name: "all.toml", mimeType: "application/toml", buffer: Buffer.from(text.replace("keep_days = 50", "keep_days = 55")) });
  await accessible(officer, "a file of settings");
  await form.getByRole("button", { name: "Go on" }).click();
  const shown = region(officer, "What the file changes");
  await shown.getByText("55").waitFor();
  await shown.getByText("trace.keep_days").waitFor();
  await accessible(officer, "what a file changes");
  await go(officer, SETTING);
  await region(officer, "About the setting").getByText("50", { exact: true }).waitFor();
});

test("what another level changes is shown before it is chosen", async () => {
  await go(officer, "/level");
  await officer.getByRole("radio", { name: /^basic/ }).waitFor();
  await officer.getByRole("radio", { name: /^enhanced/ }).check();
  await officer.getByRole("status").filter({ hasText: /\d+ things change\./ }).waitFor();
  await region(officer, "What changes").getByText("passwords.history").waitFor();
  await look(officer, "another level");
  await press(officer, "Choose this level");
  await officer.getByRole("dialog").getByRole("button", { name: "Choose this level" }).click();
  await officer.getByText("holds now").waitFor();
  await officer.getByRole("radio", { name: /^enhanced.*holds now/ }).waitFor();
  // To protect less is another thing: from this level on a second person has to agree.
  await officer.getByRole("radio", { name: /^basic/ }).check();
  await region(officer, "What changes").getByText("passwords.history").waitFor();
  await press(officer, "Lower to this level");
  await officer.getByRole("dialog").getByText(/protects less/).waitFor();
  await officer.getByRole("dialog").getByRole("button", { name: "Lower to this level" }).click();
  await officer.getByText(/second person/).first().waitFor();
});

test("settings and the level are shown to the administrator, not changed", async () => {
  await go(page, SETTING);
  await region(page, "About the setting").getByText("50", { exact: true }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Keep" }).count(), 0);
  await go(page, "/level");
  await page.getByRole("radio", { name: /^trade/ }).check();
  await region(page, "What changes").getByText("passwords.chars_min").waitFor();
  assert.equal(await page.getByRole("button", { name: "Choose this level" }).count(), 0);
});

test("the guide says what is next, and leads there", async () => {
  await go(page, "/setup");
  await page.getByText(/are done\. Next: /).waitFor();
  await look(page, "the guide");
  const step = page.getByRole("listitem").filter({ hasText: "A security officer" });
  await step.getByText(/^✓\s*done$/).waitFor();
  await page.getByRole("link", { name: "Go there: Records in DNS" }).click();
  await region(page, "What the world sees now").getByText(/not yet|cannot be told/).first().waitFor();
  await region(page, "Records for DNS").getByText("v=spf1", { exact: false }).first().waitFor();
  await accessible(page, "records of a domain");
});

test("in Chinese nothing is left without words", async () => {
  const all = ["/people", "/people/anna%40trade.test", "/groups", "/table", "/queue", "/domains", "/backups", "/reports", "/protection", "/store", "/space", "/", "/trace", "/settings", SETTING, "/level", "/setup"];
  await hasChinese(page, all);
  nothingWrong(page);
});
