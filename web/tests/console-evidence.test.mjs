// The console of what an auditor and a privacy officer ask for: evidence and its reports, requests of people about their data, consents, the
// register of processing; and, of the administrator, where accounts come from and whose second factor is missing.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, mail, newPage, open, origin, put, signIn } from "./browser.mjs";
import { dialog, enter, files, go, hasChinese, heading, look, nothingWrong, places, press, region, saved, sure, within } from "./console.mjs";
import { post } from "./keys.mjs";
import { unreachable } from "./layout.mjs";

const { ADMIN_USER, ADMIN_PASSWORD, IMAP_USER, OTHER_USER, PEOPLE, PROOF, SOURCE } = process.env;
/** Addresses and passwords of the people that the test was prepared with, by local part. */
const people = JSON.parse(readFileSync(PEOPLE, "utf8"));
const CHEN = "chen@far.example";
let opened;
/** The security officer, who keeps the registers; the manager as the second person; the auditor; the administrator. */
let security;
let manager;
let auditor;
let admin;

before(async () => {
  opened = await open();
  const sales = await newPage(opened.browser);
  await signIn(sales);
  await put(sales, [{ mail: mail({ from: `Chen <${CHEN}>`, subject: "Price of ten pieces", text: "How much are they?" }) }]);
  await sales.context().close();
  security = await enter(opened.browser, people.security.address, people.security.password);
  manager = await enter(opened.browser, people.manager.address, people.manager.password);
  auditor = await enter(opened.browser, people.auditor.address, people.auditor.password);
  admin = await enter(opened.browser, ADMIN_USER, ADMIN_PASSWORD);
});

after(() => opened?.close());

const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
/** Enters a request of a stranger or somebody of ours; its page is shown then. */
const enterRequest = async (fields) => {
  await go(security, "/subjects/new");
  await security.getByLabel("Who asks").selectOption(fields.ours ? "ours" : "outside");
  await security.getByLabel("Name", { exact: true }).fill(fields.name);
  await security.getByLabel("Addresses").fill(fields.address);
  await security.getByLabel("What is asked for").selectOption(fields.kind);
  await security.getByLabel("Language of the answers").selectOption("en");
  if (fields.received) await security.getByLabel("Received").fill(fields.received);
  if (fields.answerTo) await security.getByLabel("Answers go to").fill(fields.answerTo);
  if (fields.how) await security.getByLabel("How he proved who he is").fill(fields.how);
  await press(security, "Enter a request");
  await heading(security, new RegExp(fields.name)).waitFor();
};

test("everybody sees the own places and no others", async () => {
  await go(security, "/evidence");
  for (const name of ["Evidence", "Requests about data"]) await places(security).getByRole("link", { name, exact: true }).waitFor();
  assert.equal(await places(security).getByRole("link", { name: "Provisioning" }).count(), 0);
  await go(auditor, "/subjects");
  await auditor.getByText(/^No request with these filters/).waitFor();
  assert.equal(await auditor.getByRole("link", { name: "Enter a request" }).count(), 0);
  await go(admin, "/evidence");
  for (const name of ["Evidence", "Provisioning", "Missing second factors"]) await places(admin).getByRole("link", { name, exact: true }).waitFor();
  assert.equal(await places(admin).getByRole("link", { name: "Requests about data" }).count(), 0);
  assert.equal(await admin.getByRole("button", { name: "Make a report" }).count(), 0);
});

test("checks and standards are listed, looked through and looked into", async () => {
  await go(auditor, "/evidence");
  const list = region(auditor, "Evidence");
  await list.getByRole("link", { name: "audit-sealed", exact: true }).waitFor();
  await look(auditor, "checks");
  await list.getByLabel("State").selectOption("failed");
  await auditor.waitForURL(/state=failed/);
  await list.getByRole("link", { name: "backups", exact: true }).waitFor();
  await list.getByLabel("Standard or law").selectOption("gdpr");
  await auditor.waitForURL(/framework=gdpr/);
  await list.getByLabel("State").selectOption("");
  await list.getByText("Telling the authority of a breach within 72 hours").waitFor();
  await list.getByText("A person shows: the notice to staff and partners").waitFor();
  await look(auditor, "articles of a law");
  const csv = (await saved(auditor, () => press(list, "Save as CSV"))).toString();
  assert.match(csv, /Security of processing/);
  await list.getByRole("link", { name: "32", exact: true }).click();
  await heading(auditor, "32 Security of processing").waitFor();
  const check = region(auditor, "Records of what was done get their place under a signed checkpoint in time");
  await check.getByText("passed").waitFor();
  await check.getByRole("table").getByRole("row").nth(1).waitFor();
  await check.getByRole("link", { name: "Audit log" }).waitFor();
  await region(auditor, "How it came out before").waitFor();
  await look(auditor, "an article");
  assert.deepEqual(await unreachable(auditor), [], "an article by keys");
  await check.getByRole("link", { name: "Audit log" }).click();
  await heading(auditor, "Audit log").waitFor();
  await auditor.goBack();
  await auditor.getByRole("link", { name: "All of: GDPR" }).click();
  await auditor.waitForURL(/framework=gdpr/);
  await go(auditor, "/evidence/gdpr/999");
  await auditor.getByRole("alert").filter({ hasText: "999" }).waitFor();
});

test("the world is looked at when somebody asks", async () => {
  await go(security, "/evidence/checks/sender-records");
  await heading(security, /^sender-records/).waitFor();
  await sure(security, "Look now");
  await security.getByText("DNS and the machine were looked at.").waitFor({ timeout: 180_000 });
  await look(security, "a check");
});

test("a report is made, saved with its signed note, and tells how it is verified", async () => {
  await go(auditor, "/evidence?framework=pipl");
  await press(auditor, "Make a report");
  const form = dialog(auditor, "Make a report");
  assert.equal(await form.getByLabel("Standard or law").inputValue(), "pipl");
  await form.getByLabel("Language").selectOption("zh");
  await accessible(auditor, "making a report");
  await form.getByRole("button", { name: "Make it and sign" }).click();
  const made = region(auditor, "The report");
  await made.getByText(/^tradewind evidence verify evidence-pipl-/).waitFor();
  await look(auditor, "a report");
  const buttons = made.getByRole("button", { name: /^Save evidence-/ });
  assert.equal(await buttons.count(), 3);
  const kept = await files(auditor, 3, async () => {
    for (const button of await buttons.all()) await button.click();
  });
  const [json, pdf, note] = ["json", "pdf", "note"].map((ending) => Object.entries(kept).find(([name]) => name.endsWith(ending))[1]);
  assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
  assert.equal(JSON.parse(json).framework, "pipl");
  for (const file of [json, pdf]) assert.ok(note.toString().includes(createHash("sha256").update(file).digest("hex")), "the note names it");
});

test("a request is entered; what is wrong stands beside its field and nothing typed is lost", async () => {
  await go(security, "/subjects");
  await security.getByRole("link", { name: "Enter a request" }).click();
  await heading(security, "Enter a request").waitFor();
  await security.getByLabel("Name", { exact: true }).fill("Chen Wei");
  await security.getByLabel("Addresses").fill("chen at far");
  await security.getByLabel("How he proved who he is").fill("answered a letter to his address");
  await security.getByLabel("Language of the answers").selectOption("en");
  await look(security, "a new request");
  assert.deepEqual(await unreachable(security), [], "a new request by keys");
  await press(security, "Enter a request");
  await security.getByRole("alert").filter({ hasText: "chen at far" }).waitFor();
  assert.equal(await security.getByLabel("Addresses").getAttribute("aria-invalid"), "true");
  await security.getByLabel("Who asks").selectOption("ours");
  await security.getByLabel("Addresses").fill(CHEN);
  await press(security, "Enter a request");
  await security.getByRole("alert").filter({ hasText: "Nobody here has the address" }).waitFor();
  assert.equal(await security.getByLabel("Name", { exact: true }).inputValue(), "Chen Wei");
  await security.getByLabel("Who asks").selectOption("outside");
  await press(security, "Enter a request");
  await heading(security, "to be told what is held: Chen Wei").waitFor();
  await region(security, "The request").getByText("answered a letter to his address").waitFor();
  await region(security, "The request").getByText("somebody outside").waitFor();
});

test("somebody is looked for, told what is held, and answered", async () => {
  await region(security, "Carry it out").getByText(/First look everywhere/).waitFor();
  await press(security, "Look everywhere");
  const found = region(security, "Where he was found");
  await found.getByRole("row").filter({ hasText: "Mail in mailboxes" }).getByText("1", { exact: true }).waitFor();
  const mails = region(security, "Messages that name him");
  await mails.getByText(IMAP_USER).waitFor();
  assert.equal(await mails.getByText("Price of ten pieces").count(), 0);
  await look(security, "a request");
  await press(security, "Save the report");
  await dialog(security, "Save the report").getByLabel("Form").selectOption("json");
  await accessible(security, "saving a report");
  const kept = await files(security, 2, () => dialog(security, "Save the report").getByRole("button", { name: "Save the report" }).click());
  const report = Object.entries(kept).find(([name]) => name.endsWith(".json"));
  assert.ok(kept[`${report[0]}.note`].toString().includes(createHash("sha256").update(report[1]).digest("hex")));
  await region(security, "Step by step").getByText("report made").waitFor();
  await within(security, "Extend the deadline", async (form) => {
    await form.getByText(/by two months/).waitFor();
    await form.getByLabel("Why it takes longer").fill("the archive is large");
    await form.getByRole("button", { name: "Extend the deadline" }).click();
  });
  await region(security, "The request").getByText("the archive is large").waitFor();
  assert.equal(await security.getByRole("button", { name: "Extend the deadline" }).count(), 0);
  await within(security, "Close as done", async (form) => {
    await form.getByRole("button", { name: "Close as done" }).click();
  });
  const letters = region(security, "Answers");
  // That it came, that it takes longer, that it is done.
  const draft = letters.getByRole("article").nth(2);
  await draft.getByText("draft, not sent").waitFor();
  await draft.getByRole("button", { name: "Change the draft" }).click();
  const change = dialog(security, "Change the draft");
  await change.getByLabel("Subject").fill(" ");
  await change.getByRole("button", { name: "Keep" }).click();
  await change.getByRole("alert").filter({ hasText: "subject" }).waitFor();
  await change.getByLabel("Subject").fill("What we hold of you");
  await change.getByRole("button", { name: "Keep" }).click();
  await letters.getByRole("heading", { name: "What we hold of you" }).waitFor();
  await press(security, "Send the answer: What we hold of you");
  await dialog(security, "Send the answer").getByText(CHEN).waitFor();
  await dialog(security, "Send the answer").getByRole("button", { name: "Send the answer" }).click();
  await security.getByText("The answer was sent.").waitFor();
  await letters.getByRole("article").filter({ hasText: "What we hold of you" }).getByText(/^✓?\s*sent/).waitFor();
  await look(security, "a request that is done");
});

test("what is overdue stands first and red; a hold that stands against an erasure is explained to whoever asks", async () => {
  await enterRequest({ kind: "erasure", name: "Finance Person", address: OTHER_USER, ours: true, received: daysAgo(60) });
  await security.getByRole("alert").filter({ hasText: "The deadline is over" }).waitFor();
  assert.equal(await security.getByRole("button", { name: "Extend the deadline" }).count(), 0);
  await region(security, "Carry it out").getByText("First note how he proved who he is.").waitFor();
  await within(security, "Note who he is", async (form) => {
    await form.getByLabel("How he proved who he is").fill("came by");
    await form.getByLabel("Answers go to").fill("nowhere");
    await form.getByRole("button", { name: "Keep" }).click();
    await form.getByRole("alert").filter({ hasText: "nowhere" }).waitFor();
    assert.equal(await form.getByLabel("How he proved who he is").inputValue(), "came by");
    await form.getByLabel("Answers go to").fill("private@home.example");
    await form.getByRole("button", { name: "Keep" }).click();
  });
  await region(security, "Carry it out").getByText(/A legal hold stands against an erasure: Far v\. Trade/).waitFor();
  await look(security, "a request that is overdue");
  assert.deepEqual(await unreachable(security), [], "a request by keys");
  await go(security, "/subjects");
  const first = region(security, "Requests about data").getByRole("row").nth(1);
  await first.getByText("Finance Person").waitFor();
  await first.getByText(/overdue/).waitFor();
  await look(security, "requests");
  await first.getByRole("link").click();
  await press(security, "Refuse the request");
  const form = dialog(security, "Refuse the request");
  await form.getByLabel("Why it is refused").fill("The data serves a claim in court.");
  await form.getByLabel("Legal hold that stands against it").selectOption({ label: "Far v. Trade" });
  await accessible(security, "refusing a request");
  await form.getByRole("button", { name: "Refuse the request" }).click();
  await region(security, "The request").getByText(/Legal hold Far v\. Trade, since/).waitFor();
  await region(security, "Answers").getByText(/Far v\. Trade/).first().waitFor();
});

test("an account is erased by two people, and the proof is kept", async () => {
  await enterRequest({ kind: "erasure", name: "Eva Lang", address: "eva@trade.test", ours: true, how: "came by with a passport", answerTo: "eva@home.example" });
  await within(security, "Erase", async (form) => {
    await form.getByText("A second person has to agree before anything is erased.").waitFor();
    await accessible(security, "asking for an erasure");
    await form.getByRole("button", { name: "Ask for the erasure" }).click();
  });
  await region(security, "Carry it out").getByText(/^!?\s*waits$/).waitFor();
  await go(manager, "/approvals");
  await region(manager, "Requests of colleagues").getByRole("button", { name: /^Agree: / }).click();
  await dialog(manager, "Agree").getByRole("button", { name: "Agree" }).click();
  await manager.getByText(/^No request waits/).waitFor();
  await security.reload();
  await region(security, "What was erased").getByText("Requests and consents stay as proof.").waitFor();
  await look(security, "an erasure");
  const proof = await saved(security, () => press(security, "Save the proof"));
  assert.ok(JSON.parse(JSON.parse(proof).statement).keys.length > 0);
  writeFileSync(PROOF, proof);
  await region(security, "What was erased").getByText(/The keys are gone from/).waitFor();
  await within(security, "Close as done", (form) => form.getByRole("button", { name: "Close as done" }).click());
  await region(security, "Step by step").getByText("closed as done").waitFor();
});

test("data is set right, its use restricted and that ended; a request is taken back", async () => {
  await enterRequest({ kind: "correction", name: "Sales Person", address: IMAP_USER, ours: true, how: "came by" });
  await press(security, "Set it right");
  const right = dialog(security, "Set it right");
  await right.getByLabel("An address that is missing").fill("sales.person@nowhere.test");
  await right.getByRole("button", { name: "Set it right" }).click();
  await right.getByRole("alert").filter({ hasText: "nowhere.test" }).waitFor();
  await right.getByLabel("An address that is missing").fill("sales.person@trade.test");
  await right.getByRole("button", { name: "Set it right" }).click();
  await region(security, "Step by step").getByText("address: sales.person@trade.test").waitFor();
  await enterRequest({ kind: "restriction", name: "Bo Lind", address: "bo@other.example", how: "answered a letter" });
  await sure(security, "Restrict it");
  await region(security, "The request").getByText(/^✓\s*restricted$/).waitFor();
  await sure(security, "End the restriction");
  await region(security, "The request").getByText("not restricted").waitFor();
  await within(security, "It was taken back", async (form) => {
    await form.getByLabel("How he took it back").fill("by telephone");
    await form.getByRole("button", { name: "It was taken back" }).click();
  });
  await region(security, "Step by step").getByText("by telephone").waitFor();
  await go(security, "/subjects?state=withdrawn");
  await region(security, "Requests about data").getByRole("link", { name: "Bo Lind" }).waitFor();
});

test("content of mail is given out by an investigation that a second person agrees to", async () => {
  await enterRequest({ kind: "export", name: "Chen Again", address: CHEN, how: "answered a letter" });
  await press(security, "Look everywhere");
  await within(security, "Give out content of mail", async (form) => {
    await form.getByLabel("Why content has to be given out").fill("he wants copies of what he wrote");
    await accessible(security, "giving out content");
    await form.getByRole("button", { name: "Give out content of mail" }).click();
  });
  await region(security, "Carry it out").getByText(/^!?\s*waits$/).waitFor();
  await go(manager, "/approvals");
  await region(manager, "Requests of colleagues").getByRole("button", { name: /^Agree: / }).click();
  await dialog(manager, "Agree").getByRole("button", { name: "Agree" }).click();
  await manager.getByText(/^No request waits/).waitFor();
  await security.reload();
  await security.getByRole("link", { name: "The investigation of this request" }).click();
  await heading(security, /subject request/).waitFor();
});

test("consents are entered and withdrawn", async () => {
  await go(security, "/subjects");
  await security.getByRole("link", { name: "Consents" }).click();
  await security.getByText("No consent with these filters.").waitFor();
  await press(security, "Enter a consent");
  const form = dialog(security, "Enter a consent");
  await form.getByLabel("Name", { exact: true }).fill("Chen Wei");
  await form.getByLabel("Address", { exact: true }).fill("chen");
  await form.getByLabel("What for").fill("news of our products");
  await form.getByLabel("Evidence").fill("form of 3 May");
  await accessible(security, "a new consent");
  await form.getByRole("button", { name: "Enter a consent" }).click();
  await form.getByRole("alert").filter({ hasText: "chen" }).waitFor();
  assert.equal(await form.getByLabel("Address", { exact: true }).getAttribute("aria-invalid"), "true");
  await form.getByLabel("Address", { exact: true }).fill(CHEN);
  await form.getByRole("button", { name: "Enter a consent" }).click();
  const list = region(security, "Consents");
  await list.getByText("news of our products").waitFor();
  await look(security, "consents");
  await list.getByLabel("Address").fill("nobody@far.example");
  await security.waitForURL(/address=nobody/);
  await security.getByText("No consent with these filters.").waitFor();
  await list.getByLabel("Address").fill(CHEN);
  await list.getByRole("button", { name: "Note a withdrawal" }).click();
  await dialog(security, "Note a withdrawal").getByLabel("Evidence of the withdrawal").fill("letter of 1 June");
  await dialog(security, "Note a withdrawal").getByRole("button", { name: "Note a withdrawal" }).click();
  await list.getByText("letter of 1 June").waitFor();
  await list.getByLabel("State").selectOption("holds");
  await security.getByText("No consent with these filters.").waitFor();
});

test("the register of processing is said in our own words, and saved", async () => {
  await go(security, "/subjects/processing");
  await region(security, "The whole").waitFor();
  await look(security, "the register of processing");
  await press(security, "Say it in our own words: controller");
  await dialog(security, "Say it in our own words").getByLabel("Controller").fill("Trade Test Ltd, Shanghai");
  await dialog(security, "Say it in our own words").getByRole("button", { name: "Keep" }).click();
  await region(security, "The whole").getByText("Trade Test Ltd, Shanghai").waitFor();
  await within(security, "Add what else is done", async (form) => {
    await form.getByLabel("Name", { exact: true }).fill("newsletters");
    await form.getByLabel("Purpose").fill("Tells buyers of new products.");
    await form.getByRole("button", { name: "Add what else is done" }).click();
  });
  await region(security, "newsletters").getByText("Tells buyers of new products.").waitFor();
  for (const [button, begin] of [["Save as PDF", "%PDF-"], ["Save as JSON", "{"]]) {
    const file = await saved(security, () => press(security, button));
    assert.ok(file.toString("latin1").startsWith(begin), button);
  }
  await security.getByLabel("Language of the register").selectOption("zh");
  await region(security, "The whole").getByText("Trade Test Ltd, Shanghai").waitFor({ state: "detached" });
});

test("a system that provisions is let in and shut out; its token is told once", async () => {
  await go(admin, "/provisioning");
  await admin.getByText("No system provisions people here.").waitFor();
  await press(admin, "Let a system in");
  const form = dialog(admin, "Let a system in");
  await form.getByLabel("Name", { exact: true }).fill("okta");
  await form.getByLabel("Days until the token ends").fill("365");
  await accessible(admin, "letting a system in");
  await admin.keyboard.press("Enter");
  const told = dialog(admin, "The new token");
  assert.match((await told.locator("code").first().textContent()) ?? "", /^twscim_/);
  await told.getByText(/\/scim\/v2$/).waitFor();
  await told.getByRole("button", { name: "I have passed it on" }).click();
  const list = region(admin, "Systems that provision (SCIM)");
  await list.getByText("okta").waitFor();
  await press(admin, "Let a system in");
  await form.getByLabel("Name", { exact: true }).fill("okta");
  await form.getByRole("button", { name: "Let a system in" }).click();
  await form.getByRole("alert").filter({ hasText: "there already" }).waitFor();
  assert.equal(await form.getByLabel("Name", { exact: true }).getAttribute("aria-invalid"), "true");
  await admin.keyboard.press("Escape");
  await look(admin, "provisioning");
  await press(admin, "End the token: okta");
  await dialog(admin, "End the token").getByRole("button", { name: "End the token" }).click();
  await admin.getByText("No system provisions people here.").waitFor();
});

test("a directory is tried before it is taken over", async () => {
  await go(admin, "/provisioning");
  const part = region(admin, "Directory (LDAP)");
  await part.getByLabel("Name of the directory").fill("headquarters");
  await part.getByRole("button", { name: "Show what would change" }).click();
  await part.getByRole("alert").filter({ hasText: "headquarters" }).waitFor();
  await part.getByLabel("Name of the directory").fill(SOURCE);
  await part.getByRole("button", { name: "Show what would change" }).click();
  await part.getByText(/^–?\s*This would change/).waitFor();
  await look(admin, "what a directory would change");
  await part.getByRole("button", { name: "Take it over" }).click();
  await part.getByText(/was taken over/).waitFor();
  await go(admin, "/people?search=berta");
  await region(admin, "People and mailboxes").getByRole("link", { name: "berta@trade.test" }).waitFor();
});

test("programs and shared mailboxes get accounts", async () => {
  await go(admin, "/provisioning");
  await press(admin, "Make an account for a program");
  const form = dialog(admin, "Make an account for a program");
  await form.getByLabel("Address").fill("shop@trade.test");
  await form.getByLabel("What it is for").fill("invoices of the shop");
  await form.getByLabel("From where it may be used").fill("192.0.2.0/24\nnowhere");
  await accessible(admin, "an account for a program");
  await form.getByRole("button", { name: "Make an account for a program" }).click();
  await form.getByRole("alert").filter({ hasText: "nowhere" }).waitFor();
  assert.equal(await form.getByLabel("From where it may be used").getAttribute("aria-invalid"), "true");
  await form.getByLabel("From where it may be used").fill("192.0.2.0/24");
  await form.getByRole("button", { name: "Make an account for a program" }).click();
  const programs = region(admin, "Accounts of programs");
  await programs.getByRole("link", { name: "shop@trade.test" }).waitFor();
  await within(admin, "Make a shared mailbox", async (shared) => {
    await shared.getByLabel("Address").fill("desk@trade.test");
    await shared.getByRole("button", { name: "Make a shared mailbox" }).click();
  });
  await region(admin, "Shared mailboxes").getByRole("link", { name: "desk@trade.test" }).waitFor();
  assert.equal(await programs.getByRole("link", { name: "desk@trade.test" }).count(), 0);
  await look(admin, "accounts of programs and shared mailboxes");
  await programs.getByRole("link", { name: "shop@trade.test" }).click();
  const program = region(admin, "The program");
  await program.getByText("192.0.2.0/24").waitFor();
  await within(admin, "Change from where", async (change) => {
    await change.getByLabel("From where it may be used").fill("198.51.100.7");
    await change.getByRole("button", { name: "Keep" }).click();
  });
  await program.getByText("198.51.100.7/32").waitFor();
  await look(admin, "an account of a program");
});

test("whoever lacks a second factor is listed, with the way to the person", async () => {
  const raised = await post(security, "/api/v1/organisation-level", { level: "enhanced", organisation: null });
  assert.equal(raised.status, 200, JSON.stringify(raised));
  await go(admin, "/evidence/checks/factors");
  await admin.getByRole("link", { name: "Missing second factors" }).last().click();
  await heading(admin, "Missing second factors").waitFor();
  const list = region(admin, "Missing second factors");
  await list.getByRole("link", { name: OTHER_USER }).waitFor();
  await list.getByText("Authenticator app", { exact: false }).first().waitFor();
  await look(admin, "missing second factors");
  await list.getByLabel("Search").fill("sales");
  await admin.waitForURL(/search=sales/);
  await list.getByRole("link", { name: OTHER_USER }).waitFor({ state: "detached" });
  await list.getByRole("link", { name: IMAP_USER }).click();
  await heading(admin, IMAP_USER).waitFor();
});

test("in Chinese nothing is left without words", async () => {
  await go(security, "/subjects?state=");
  const path = new URL(await region(security, "Requests about data").getByRole("link", { name: "Eva Lang" }).getAttribute("href"), origin).pathname.replace("/console", "");
  await hasChinese(security, ["/evidence", "/evidence?framework=mlps3", "/evidence/mlps3/8.1.4.9", "/subjects", "/subjects/new", path, "/subjects/consents", "/subjects/processing"]);
  await hasChinese(admin, ["/provisioning", "/factors"]);
  nothingWrong(security, manager, auditor, admin);
});
