// The console as the administrator uses it: the overview; people, groups, tables of people; what happened to mail, mail on its way; domains;
// backups; settings and the level, which are the security officer's.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, fitsTelephone, newPage, open, origin, signIn } from "./browser.mjs";
import { enrol } from "./keys.mjs";

const { ADMIN_USER, ADMIN_PASSWORD, IMAP_USER, OTHER_USER, PEOPLE } = process.env;
let opened;
let page;
/** The page of the security officer. */
let officer;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page, ADMIN_USER, ADMIN_PASSWORD);
  await enrol(page);
  const { security } = JSON.parse(readFileSync(PEOPLE, "utf8"));
  officer = await newPage(opened.browser);
  await signIn(officer, security.address, security.password);
  await enrol(officer);
});

after(() => opened?.close());

const dialog = (name) => page.getByRole("dialog", { name });
const region = (name) => page.getByRole("region", { name });
const heading = (name) => page.getByRole("heading", { level: 1, name });
const go = async (place, of = page) => {
  await of.goto(`${origin}/console${place}`);
  await of.getByRole("navigation", { name: "Places" }).waitFor();
};
/** A part of a page by its name, in the officer's browser. */
const part = (name, of = officer) => of.getByRole("region", { name, exact: true });

test("the administrator sees his places, and none that are not his", async () => {
  await go("/people");
  const places = page.getByRole("navigation", { name: "Places" });
  await places.getByRole("link", { name: "People and mailboxes" }).waitFor();
  assert.equal(await places.getByRole("link", { name: "Audit log" }).count(), 0);
  await accessible(page, "people");
  await fitsTelephone(page, "people");
});

test("an account is made; what is wrong stands beside its field and nothing typed is lost", async () => {
  await go("/people");
  await page.getByRole("button", { name: "Make an account" }).click();
  const form = dialog("Make an account");
  await form.getByLabel("Address").fill("anna@nowhere.test");
  await form.getByLabel("Name", { exact: true }).fill("Anna Berg");
  await accessible(page, "a new account");
  await form.getByRole("button", { name: "Make an account" }).click();
  await form.getByRole("alert").filter({ hasText: "nowhere.test" }).waitFor();
  assert.equal(await form.getByLabel("Address").getAttribute("aria-invalid"), "true");
  assert.equal(await form.getByLabel("Name", { exact: true }).inputValue(), "Anna Berg");
  await form.getByLabel("Address").fill("anna@trade.test");
  await page.keyboard.press("Enter");
  const told = dialog("The new password");
  await told.waitFor();
  assert.ok(((await told.locator("code").textContent()) ?? "").length >= 12);
  await told.getByRole("button", { name: "I have passed it on" }).click();
  await region("People and mailboxes").getByRole("link", { name: "anna@trade.test" }).waitFor();
});

test("people are found by what is typed, which stands in the address of the page", async () => {
  await region("People and mailboxes").getByLabel("Search").fill("berg");
  await page.waitForURL(/search=berg/);
  await page.getByText("1 row, which is all").waitFor();
  await page.reload();
  await page.getByText("1 row, which is all").waitFor();
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: "Keep this view" }).click();
  await dialog("Keep this view").getByRole("textbox").fill("Bergs");
  await page.keyboard.press("Enter");
  await go("/people");
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByRole("menuitem", { name: "Bergs", exact: true }).click();
  await page.waitForURL(/search=berg/);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as CSV" }).click();
  const text = await (await (await download).createReadStream()).toArray();
  const csv = Buffer.concat(text).toString();
  assert.match(csv, /"anna@trade\.test","Anna Berg"/);
  assert.equal(csv.split("\r\n").length, 3);
});

test("everything is reached by its name and by keys alone", async () => {
  await go("/groups");
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "A page, or a person" });
  await field.waitFor();
  await accessible(page, "go to");
  await page.keyboard.type("anna");
  await page.getByRole("option", { name: /anna@trade\.test/ }).waitFor();
  await page.keyboard.press("Enter");
  await heading("anna@trade.test").waitFor();
});

test("an account's page has all about it; room, further addresses and state are changed", async () => {
  await region("About the account").getByText("Anna Berg").waitFor();
  await region("Second factors").getByText("No second factor: whoever knows the password gets in.").waitFor();
  await accessible(page, "an account");
  await fitsTelephone(page, "an account");
  await page.getByRole("button", { name: "Add an address" }).click();
  await dialog("Add an address").getByLabel("Further address").fill(OTHER_USER);
  await page.keyboard.press("Enter");
  await dialog("Add an address").getByRole("alert").waitFor();
  await dialog("Add an address").getByLabel("Further address").fill("a.berg@trade.test");
  await page.keyboard.press("Enter");
  await region("About the account").getByText("a.berg@trade.test").waitFor();
  await page.getByRole("button", { name: "Change the room" }).click();
  await dialog("Change the room").getByLabel("Room for mail in MiB").fill("2048");
  await page.keyboard.press("Enter");
  await region("About the account").getByText(/of 2\.1/).waitFor();
  await page.getByRole("button", { name: "Put out of use" }).click();
  await dialog("Put out of use").getByText(/mail to it is refused/).waitFor();
  await dialog("Put out of use").getByRole("button", { name: "Put out of use" }).click();
  await region("About the account").getByText("out of use").waitFor();
  await page.getByRole("button", { name: "Put into use" }).click();
  await dialog("Put into use").getByRole("button", { name: "Put into use" }).click();
  await region("About the account").getByText("in use", { exact: true }).waitFor();
});

test("whoever leaves leaves in one step, which a second person has to allow", async () => {
  await page.getByRole("button", { name: "Leaves the company" }).click();
  const form = dialog("Leaves the company");
  await form.getByLabel("Who reads the mail").fill(OTHER_USER);
  await accessible(page, "leaving");
  await form.getByRole("button", { name: "Ask for it" }).click();
  await page.getByText(/second person/).first().waitFor();
  await region("About the account").getByText("Person").waitFor();
});

test("a group is made, filled and deleted", async () => {
  await go("/groups");
  await page.getByText("There are no groups yet.").waitFor();
  await page.getByRole("button", { name: "Make a group" }).click();
  await dialog("Make a group").getByLabel("Address").fill("orders@trade.test");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "orders@trade.test" }).click();
  await heading("orders@trade.test").waitFor();
  await page.getByRole("button", { name: "Add a member" }).click();
  await dialog("Add a member").getByRole("textbox").fill("nobody@trade.test");
  await page.keyboard.press("Enter");
  await dialog("Add a member").getByRole("alert").waitFor();
  await dialog("Add a member").getByRole("textbox").fill("anna@trade.test");
  await page.keyboard.press("Enter");
  await region("Members").getByText("anna@trade.test").waitFor();
  await accessible(page, "a group");
  await fitsTelephone(page, "a group");
  await page.getByRole("button", { name: "Delete the group" }).click();
  await dialog("Delete the group").getByRole("button", { name: "Delete the group" }).click();
  await page.getByText("There are no groups yet.").waitFor();
});

test("many people come from a table, which is tried first; a wrong one names its line", async () => {
  await go("/table");
  const file = (text) => ({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  const field = page.getByLabel("Table (CSV)");
  await field.setInputFiles(file("kind,address,name\r\nperson,not an address,X\r\n"));
  await page.getByRole("button", { name: "Show what would change" }).click();
  await page.getByRole("alert").filter({ hasText: "line 2" }).waitFor();
  await field.setInputFiles(file("kind,address,name\r\nperson,zhou@trade.test,周明\r\n"));
  await page.getByRole("button", { name: "Show what would change" }).click();
  await region("What would change").getByText("zhou@trade.test").waitFor();
  await accessible(page, "a table that was tried");
  await fitsTelephone(page, "a table that was tried");
});

test("the overview says what needs somebody, with the way to mend it, and numbers lead to their rows", async () => {
  await go("/");
  await region("How it stands").getByText(/need(s)? you now|Nothing needs you now/).waitFor();
  const areas = region("Protection, what needs you first").getByRole("listitem");
  await areas.first().waitFor();
  // What needs somebody stands first.
  const states = await areas.evaluateAll((all) => all.map((it) => (/✕/.test(it.textContent) ? 0 : /!/.test(it.textContent) ? 1 : 2)));
  assert.deepEqual(states, states.toSorted());
  await accessible(page, "the overview");
  await fitsTelephone(page, "the overview");
  await areas.filter({ hasText: "Backups" }).getByRole("link", { name: /^Mend it/ }).click();
  await heading("Backups").waitFor();
  await go("/");
  const numbers = region("Numbers");
  await numbers.getByRole("link", { name: /^1 \(oldest since/ }).click();
  await heading("Outgoing queue").waitFor();
  await go("/");
  await numbers.getByRole("link", { name: /in 24 hours/ }).first().click();
  await page.waitForURL(/direction=in.*since=|since=.*direction=in/);
  await heading("Message trace").waitFor();
});

test("what happened to a message is found by an address and told step by step", async () => {
  await go("/trace");
  const list = region("Message trace");
  await list.getByLabel("Address", { exact: true }).fill("buyer@far");
  await list.getByLabel("Direction").selectOption("in");
  await page.waitForURL(/direction=in/);
  // An address that is not typed to its end is not asked for.
  assert.doesNotMatch(page.url(), /address=/);
  await list.getByLabel("Address", { exact: true }).fill("buyer@far.example");
  await page.waitForURL(/address=buyer%40far\.example/);
  await page.getByText("1 row, which is all").waitFor();
  await list.getByText("Price list").waitFor();
  await list.getByText("delivered").waitFor();
  await accessible(page, "the trace");
  await fitsTelephone(page, "the trace");
  await list.getByRole("row").nth(1).getByRole("link").click();
  await heading("Price list").waitFor();
  await region("Message").getByText(IMAP_USER).waitFor();
  const steps = region("Step by step");
  for (const words of [/ connected to /, /The whole message had come\./, /The filter says: /, /In the inbox of /]) await steps.getByText(words).waitFor();
  await accessible(page, "what happened to a message");
  await fitsTelephone(page, "what happened to a message");
  await go("/trace?address=nobody%40far.example");
  await page.getByText("No message fits.").waitFor();
});

test("a message that waits is held, let go and taken away", async () => {
  await go("/queue");
  await region("Outgoing queue").getByRole("link").first().click();
  await heading("Message on its way out").waitFor();
  await accessible(page, "a message on its way");
  await fitsTelephone(page, "a message on its way");
  await page.getByRole("button", { name: "Hold" }).click();
  await page.getByRole("button", { name: "Let go" }).waitFor();
  await page.getByRole("button", { name: "Let go" }).click();
  await page.getByRole("button", { name: "Hold" }).waitFor();
  await page.getByRole("button", { name: "Remove" }).click();
  await dialog("Remove").getByRole("button", { name: "Remove" }).click();
  await page.getByText(/^Nothing waits/).waitFor();
  await accessible(page, "the queue");
  await fitsTelephone(page, "the queue");
});

test("a domain is added with keys that sign for it; a bad one is told beside the field", async () => {
  await go("/domains");
  await page.getByRole("button", { name: "Take mail for a domain" }).click();
  const form = dialog("Take mail for a domain");
  await form.getByLabel("Domain").fill("not a domain");
  await page.keyboard.press("Enter");
  await form.getByRole("alert").waitFor();
  await form.getByLabel("Domain").fill("trade-two.test");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "trade-two.test" }).click();
  await region("Keys that sign outgoing mail (DKIM)").getByText("v=DKIM1", { exact: false }).first().waitFor();
  await accessible(page, "a domain");
  await fitsTelephone(page, "a domain");
});

test("backups, reports, protection and the store have their pages", async () => {
  for (const [place, name] of [["/backups", "Backups"], ["/reports", "Reports from others"], ["/protection", "Protection for partners"], ["/store", "Mail store"], ["/space", "Room"]]) {
    await go(place);
    await heading(name).waitFor();
    await page.waitForLoadState("networkidle");
    await accessible(page, name);
    await fitsTelephone(page, name);
  }
  await page.getByRole("button", { name: "Does everything fit together?" }).click();
  await page.getByText("Nothing is wrong.").waitFor();
  await go("/space");
  await page.getByRole("button", { name: /^What takes it: / }).first().click();
  await page.getByRole("dialog").getByText("Large ones, from 1 MiB on").waitFor();
  await accessible(page, "room");
});

const SETTING = "/settings/trace.keep_days";

test("a setting is changed with a reason, which its history keeps, and undone", async () => {
  await go("/settings", officer);
  const list = part("Settings");
  await list.getByLabel("Section").selectOption("trace");
  await officer.waitForURL(/section=trace/);
  await list.getByRole("link", { name: "trace.keep_days" }).waitFor();
  await accessible(officer, "settings");
  await fitsTelephone(officer, "settings");
  await list.getByRole("link", { name: "trace.keep_days" }).click();
  await part("About the setting").getByText("applies at once").waitFor();
  await part("Who changed it").getByText("Nobody has changed it.").waitFor();
  const form = part("Change it");
  await form.getByLabel("Value").fill("many");
  await form.getByLabel("Why").fill("Claims come late.");
  await form.getByRole("button", { name: "Keep" }).click();
  await form.getByRole("alert").waitFor();
  assert.equal(await form.getByLabel("Value").getAttribute("aria-invalid"), "true");
  assert.equal(await form.getByLabel("Why").inputValue(), "Claims come late.");
  await accessible(officer, "a wrong value");
  await form.getByLabel("Value").fill("45");
  await officer.keyboard.press("Enter");
  const history = part("Who changed it");
  await history.getByText("30 → 45").waitFor();
  await history.getByText("Claims come late.").waitFor();
  await history.getByText("security@trade.test").waitFor();
  await fitsTelephone(officer, "a setting");
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
  await go(SETTING, other);
  await part("Change it", other).getByLabel("Value").fill("60");
  await go(SETTING, officer);
  await part("Change it").getByLabel("Value").fill("50");
  await part("Change it").getByRole("button", { name: "Keep" }).click();
  await part("Who changed it").getByText("30 → 50").waitFor();
  const form = part("Change it", other);
  await form.getByRole("button", { name: "Keep" }).click();
  await form.getByRole("alert").filter({ hasText: "changed meanwhile" }).waitFor();
  assert.equal(await form.getByLabel("Value").inputValue(), "60");
  await form.getByRole("button", { name: "Show what holds now" }).click();
  await part("Who changed it", other).getByText("30 → 50").waitFor();
  assert.equal(await form.getByLabel("Value").inputValue(), "50");
  await other.close();
  await go("/settings?changed=yes", officer);
  await part("Settings").getByRole("link", { name: "trace.keep_days" }).waitFor();
});

test("all settings are saved as a file, and a file shows what it would change", async () => {
  await go("/settings", officer);
  const download = officer.waitForEvent("download");
  await officer.getByRole("button", { name: "Save all as a file" }).click();
  const text = Buffer.concat(await (await (await download).createReadStream()).toArray()).toString();
  assert.match(text, /keep_days = 50/);
  await officer.getByRole("button", { name: "From a file" }).click();
  const form = officer.getByRole("dialog", { name: "From a file" });
  await form.getByLabel("File of the configuration").setInputFiles({ name: "all.toml", mimeType: "application/toml", buffer: Buffer.from(text.replace("keep_days = 50", "keep_days = 55")) });
  await accessible(officer, "a file of settings");
  await form.getByRole("button", { name: "Go on" }).click();
  const shown = part("What the file changes");
  await shown.getByText("55").waitFor();
  await shown.getByText("trace.keep_days").waitFor();
  await accessible(officer, "what a file changes");
  await go(SETTING, officer);
  await part("About the setting").getByText("50", { exact: true }).waitFor();
});

test("what another level changes is shown before it is chosen", async () => {
  await go("/level", officer);
  await officer.getByRole("radio", { name: /^basic/ }).waitFor();
  await officer.getByRole("radio", { name: /^enhanced/ }).check();
  await officer.getByRole("status").filter({ hasText: /\d+ things change\./ }).waitFor();
  await part("What changes").getByText("passwords.chars_min").waitFor();
  await accessible(officer, "another level");
  await fitsTelephone(officer, "another level");
  await officer.getByRole("button", { name: "Choose this level" }).click();
  await officer.getByRole("dialog").getByRole("button", { name: "Choose this level" }).click();
  await officer.getByText("holds now").waitFor();
  await officer.getByRole("radio", { name: /^enhanced.*holds now/ }).waitFor();
  // To protect less is another thing: from this level on a second person has to agree.
  await officer.getByRole("radio", { name: /^basic/ }).check();
  await part("What changes").getByText("passwords.chars_min").waitFor();
  await officer.getByRole("button", { name: "Lower to this level" }).click();
  await officer.getByRole("dialog").getByText(/protects less/).waitFor();
  await officer.getByRole("dialog").getByRole("button", { name: "Lower to this level" }).click();
  await officer.getByText(/second person/).first().waitFor();
});

test("settings and the level are shown to the administrator, not changed", async () => {
  await go(SETTING);
  await region("About the setting").getByText("50", { exact: true }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Keep" }).count(), 0);
  await go("/level");
  await page.getByRole("radio", { name: /^trade/ }).check();
  await region("What changes").getByText("passwords.chars_min").waitFor();
  assert.equal(await page.getByRole("button", { name: "Choose this level" }).count(), 0);
});

test("the guide says what is next, and leads there", async () => {
  await go("/setup");
  await page.getByText(/are done\. Next: /).waitFor();
  await accessible(page, "the guide");
  await fitsTelephone(page, "the guide");
  const step = page.getByRole("listitem").filter({ hasText: "A security officer" });
  await step.getByText("to do").waitFor();
  await page.getByRole("link", { name: "Go there: Records in DNS" }).click();
  await region("What the world sees now").getByText("not yet").first().waitFor();
  await region("Records for DNS").getByText("v=spf1", { exact: false }).first().waitFor();
  await accessible(page, "records of a domain");
});

test("in Chinese nothing is left without words", async () => {
  for (const place of ["/people", "/people/anna%40trade.test", "/groups", "/table", "/queue", "/domains", "/backups", "/reports", "/protection", "/store", "/space", "/", "/trace", "/settings", SETTING, "/level", "/setup"]) {
    await page.goto(`${origin}/console${place}?lang=zh-CN`);
    await page.getByRole("navigation", { name: "栏目" }).waitFor();
    await page.waitForLoadState("networkidle");
    const text = await page.evaluate(() => document.body.innerText);
    assert.doesNotMatch(text, /\b(people|queue|domains|backups|reports|protection|storage|setup|space|groups|table|kit|console|leave|overview|tracing|setting|level|space)\.[a-z]/, place);
  }
  assert.deepEqual(page.wrongs, []);
});
