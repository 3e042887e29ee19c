// The threat centre and the sign-ins of the console, as the security officer, finance and the administrator use them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, open } from "./browser.mjs";
import { button, dialog, enter, go, hasChinese, heading, look, nothingWrong, press, region, saved, status } from "./console.mjs";

const { ADMIN_USER, ADMIN_PASSWORD, OTHER_USER, OTHER_PASSWORD, DEFEND_USERS } = process.env;
const { security, eva } = JSON.parse(readFileSync(DEFEND_USERS, "utf8"));
let opened;
let page;

before(async () => {
  opened = await open();
  page = await enter(opened.browser, security.address, security.password);
});

after(() => opened?.close());


test("what waits in quarantine is listed with reasons, filtered and saved", async () => {
  await go(page, "/quarantine");
  const list = region(page, "Quarantine");
  await list.getByRole("link", { name: "Your mailbox will be closed" }).first().waitFor();
  assert.equal(await list.getByRole("link", { name: "Your mailbox will be closed" }).count(), 3);
  await list.getByText(/A link leads to a bare number/).or(list.getByText(/number/)).first().waitFor();
  await look(page, "the quarantine");
  await list.getByLabel("Recipient").fill(OTHER_USER);
  await page.waitForURL(/person=/);
  await list.getByText("1 row, which is all").waitFor();
  const csv = (await saved(page, () => button(list, "Save as CSV").click())).toString();
  assert.match(csv, /Your mailbox will be closed/);
  assert.doesNotMatch(csv, /undefined|link-ip/);
  // An address that is not typed to its end is not asked for.
  await list.getByLabel("Recipient").fill("nobody");
  await list.getByLabel("Sender or subject").fill("mailbox will");
  await page.waitForURL(/search=mailbox/);
  await list.getByText("1 row, which is all").waitFor();
  assert.match(page.url(), new RegExp(`person=${encodeURIComponent(OTHER_USER)}`));
  await list.getByLabel("Sender or subject").fill("nothing like it");
  await list.getByText(/^Nothing waits in quarantine/).waitFor();
});

test("a message in quarantine shows its evidence; its text is its reader's", async () => {
  await go(page, "/quarantine");
  await region(page, "Quarantine").getByRole("link", { name: "Your mailbox will be closed" }).first().click();
  await heading(page, "Your mailbox will be closed").waitFor();
  await region(page, "Why it was kept back").getByText(/password/i).first().waitFor();
  await region(page, "Others like it").getByRole("link").first().waitFor();
  await look(page, "a message in quarantine");
  const content = region(page, "What it says");
  await content.getByRole("button", { name: "Show the text" }).click();
  await content.getByText(/You read it only with a grant/).waitFor();
  await content.getByRole("button", { name: "Ask for a grant" }).click();
  const form = dialog(page, "Ask for a grant");
  await form.getByLabel("Why do you have to read it?").fill("The person says that it is an order.");
  await accessible(page, "asking for a grant");
  await form.getByRole("button", { name: "Ask for a grant" }).click();
  await status(page, "The grant was asked for.");
});

test("a release says why and may teach; another is deleted after a question", async () => {
  await press(page, "Release");
  const form = dialog(page, "Release");
  await form.getByRole("button", { name: "Release" }).click();
  assert.equal(await form.getByLabel("Why is it harmless?").evaluate((it) => it.validity.valueMissing), true);
  await form.getByLabel("Why is it harmless?").fill("A drill of ours");
  await form.getByLabel("Learn from it: mail like this is honest").check();
  await accessible(page, "a release");
  await form.getByRole("button", { name: "Release" }).click();
  await status(page, /1 copy is on its way/);
  await heading(page, "Quarantine").waitFor();
  // Beside the two that are left, the two that asked for a payment wait.
  await region(page, "Quarantine").getByText("4 rows, which is all").waitFor();
  await region(page, "Quarantine").getByRole("button", { name: "Delete: Your mailbox will be closed" }).first().click();
  await dialog(page, "Delete").getByText(/cannot be brought back/).waitFor();
  await accessible(page, "whether something is deleted");
  await dialog(page, "Delete").getByRole("button", { name: "Cancel" }).click();
  await region(page, "Quarantine").getByRole("button", { name: "Delete: Your mailbox will be closed" }).first().click();
  await dialog(page, "Delete").getByRole("button", { name: "Delete" }).click();
  await region(page, "Quarantine").getByText("3 rows, which is all").waitFor();
});

test("threats lead to why they were judged so, and to today's rules", async () => {
  await go(page, "/threats");
  await page.getByRole("figure", { name: "Mail from outside, day by day" }).waitFor();
  const list = region(page, "Messages");
  await list.getByRole("link", { name: "Your mailbox will be closed" }).first().waitFor();
  await look(page, "threats");
  await list.getByLabel("What was done").selectOption("quarantine");
  await page.waitForURL(/done=quarantine/);
  await list.getByRole("link", { name: "Your mailbox will be closed" }).first().click();
  await region(page, "What was found").getByText(/likely to be unwanted/).waitFor();
  await region(page, "By today’s rules").getByRole("button", { name: "Judge it again" }).click();
  await region(page, "By today’s rules").getByText(/verdict (as|than) then/).waitFor();
  await look(page, "why a message was judged so");
});

test("what was delivered is reported, pulled back, and brought back", async () => {
  await go(page, "/threats?done=deliver");
  await region(page, "Messages").getByRole("link", { name: "Quotation for ball valves" }).first().click();
  await press(page, "It is junk");
  await dialog(page, "It is junk").getByText(/pulled back to Junk/).waitFor();
  await dialog(page, "It is junk").getByRole("button", { name: "It is junk" }).click();
  await status(page, "Noted for the whole company");
  const link = region(page, "Pulled back").getByRole("link", { name: "Quotation for ball valves" });
  for (let tries = 0; ; tries += 1) {
    await go(page, "/threats/pulled");
    await region(page, "Pulled back").getByText(/rows?, which is all|had to be pulled back/).first().waitFor();
    if ((await link.count()) > 0) break;
    assert.ok(tries < 60, "nothing was pulled back");
    await page.waitForTimeout(1000);
  }
  await look(page, "what was pulled back");
  await region(page, "Pulled back").getByRole("button", { name: /^Bring back/ }).first().click();
  await dialog(page, "Bring back").getByRole("button", { name: "Bring back" }).click();
  await status(page, "It is back in the inbox");
  await region(page, "Pulled back").getByRole("cell", { name: "back in the inbox" }).first().waitFor();
});

test("messages that belong together stand together", async () => {
  await go(page, "/threats/campaigns");
  await region(page, "Campaigns").getByRole("link", { name: "Your mailbox will be closed" }).first().waitFor();
  await look(page, "campaigns");
  await region(page, "Campaigns").getByRole("link", { name: "Your mailbox will be closed" }).first().click();
  await heading(page, "Everything like this message").waitFor();
  await region(page, "Messages like it").getByText("3 rows, which is all").waitFor();
  await look(page, "a campaign");
  await press(page, "Release all like it");
  await dialog(page, "Release all like it").getByRole("button", { name: "Release all like it" }).click();
  await status(page, /on (its|their) way/);
});

test("reports of people are decided on", async () => {
  await go(page, "/reported");
  const list = region(page, "By people here");
  await list.getByRole("link", { name: "Quotation for ball valves" }).first().waitFor();
  await list.getByRole("link", { name: OTHER_USER }).first().waitFor();
  await look(page, "reports");
  await page.getByRole("navigation", { name: "Reports" }).getByRole("link", { name: "Complaints" }).click();
  await page.getByText("There are no complaints in this time.").waitFor();
  await look(page, "complaints");
});

/** The page of the first case with this subject. */
const openCase = async (on, subject) => {
  await go(on, "/cases");
  await region(on, "Payment cases").getByRole("link", { name: subject }).first().click();
  await heading(on, subject).waitFor();
};

test("a case shows both accounts and whom to call; two people let it go", async () => {
  await go(page, "/cases");
  await region(page, "Payment cases").getByRole("link", { name: "Re: Order 4475" }).waitFor();
  await look(page, "cases");
  await openCase(page, "Re: Order 4475");
  await region(page, "Payment details").getByText("LT12 1000 0111 0100 1000").waitFor();
  await region(page, "Payment details").getByText("DE89 3704 0044 0532 0130 00").waitFor();
  await region(page, "Whom to call").getByRole("link", { name: "+493055501234" }).waitFor();
  await look(page, "a case");
  await press(page, "I called");
  await dialog(page, "I called").getByLabel("Who answered, and what was said").fill("Jan, it is their new bank");
  await accessible(page, "a call");
  await dialog(page, "I called").getByRole("button", { name: "Record the call" }).click();
  await region(page, "What was done").getByText(/Jan, it is their new bank/).waitFor();
  await press(page, "Add a note");
  await dialog(page, "Add a note").getByLabel("In your words").fill("The contract names it, too.");
  await dialog(page, "Add a note").getByRole("button", { name: "Add a note" }).click();
  await region(page, "What was done").getByText("The contract names it, too.").waitFor();
  await press(page, "It is honest");
  await dialog(page, "It is honest").getByLabel("In your words").fill("Called and checked");
  await dialog(page, "It is honest").getByRole("button", { name: "It is honest" }).click();
  await page.getByText(`${security.address} says that it is honest.`, { exact: false }).waitFor();
  // Whoever has said so cannot agree with himself.
  assert.equal(await button(page, "I agree: it is honest").count(), 0);
  const finance = await enter(opened.browser, OTHER_USER, OTHER_PASSWORD);
  await openCase(finance, "Re: Order 4475");
  await press(finance, "I agree: it is honest");
  await dialog(finance, "I agree: it is honest").getByLabel("In your words").fill("I called, too");
  await dialog(finance, "I agree: it is honest").getByRole("button", { name: "I agree: it is honest" }).click();
  await finance.getByText("The mail went on its way", { exact: false }).waitFor();
  await finance.context().close();
});

test("fraud is closed by one, and the partner is told", async () => {
  await openCase(page, "Re: Order 4476");
  await press(page, "It is fraud");
  await dialog(page, "It is fraud").getByLabel("In your words").fill("Jan knows of nothing");
  await dialog(page, "It is fraud").getByRole("button", { name: "It is fraud" }).click();
  const notice = region(page, "Tell the partner");
  await notice.getByText(/acrne-valves/).first().waitFor();
  await notice.getByRole("button", { name: "The partner was told" }).click();
  await dialog(page, "The partner was told").getByLabel("How, and whom").fill("by telephone, Jan");
  await page.keyboard.press("Enter");
  await region(page, "What was done").getByText("by telephone, Jan").waitFor();
  await look(page, "a case of fraud");
  await go(page, "/cases?state=fraud");
  await region(page, "Payment cases").getByRole("link", { name: "Re: Order 4476" }).waitFor();
});

test("a partner has its ledger; what is wrong stands beside its field", async () => {
  await go(page, "/partners");
  await region(page, "Partners").getByRole("link", { name: "acme-valves.test" }).waitFor();
  await region(page, "Learning from mailboxes").getByText(/done$/).first().waitFor();
  await look(page, "partners");
  await region(page, "Partners").getByRole("link", { name: "acme-valves.test" }).click();
  await heading(page, "acme-valves.test").waitFor();
  await region(page, "Payment details on file").getByText("DE89 3704 0044 0532 0130 00").waitFor();
  await look(page, "a partner");
  await press(page, "Change what counts");
  const form = dialog(page, "Change what counts");
  await form.getByLabel("Which").selectOption("DE89370400440532013000");
  await form.getByLabel("From now on").selectOption("confirmed");
  await form.getByLabel("Why").fill("contract of 3 March");
  await form.getByRole("button", { name: "Change what counts" }).click();
  await region(page, "Payment details on file").getByText("contract of 3 March").waitFor();
  await press(page, "Put together with another");
  await dialog(page, "Put together with another").getByLabel("The other partner").fill("nobody.example");
  await page.keyboard.press("Enter");
  await dialog(page, "Put together with another").getByRole("alert").waitFor();
  assert.equal(await dialog(page, "Put together with another").getByLabel("The other partner").inputValue(), "nobody.example");
  await page.keyboard.press("Escape");
});

test("a domain that looks like ours is refused from its row", async () => {
  await go(page, "/partners/alikes");
  const list = region(page, "Look-alike domains");
  await list.getByText("xlnfeng-trade.test").waitFor();
  await list.getByText("xinfeng-trade.test").waitFor();
  await look(page, "look-alikes");
  await list.getByRole("button", { name: "Refuse its mail" }).click();
  await dialog(page, "Refuse its mail").getByRole("button", { name: "Refuse its mail" }).click();
  await dialog(page, "Refuse its mail").waitFor({ state: "detached" });
  await go(page, "/lists?search=xlnfeng");
  await region(page, "Allow and deny lists").getByText("xlnfeng-trade.test").waitFor();
});

test("an entry is made, told what is wrong with it, and removed by keys alone", async () => {
  await go(page, "/lists");
  await button(page, "Add an entry").focus();
  await page.keyboard.press("Enter");
  const form = dialog(page, "Add an entry");
  await form.getByLabel("What").focus();
  await page.keyboard.type("not an address");
  await page.keyboard.press("Tab");
  await page.keyboard.type("writes every day");
  await form.getByLabel("What").focus();
  await page.keyboard.press("Enter");
  await form.getByRole("alert").waitFor();
  assert.equal(await form.getByLabel("What").getAttribute("aria-invalid"), "true");
  assert.equal(await form.getByLabel("Why").inputValue(), "writes every day");
  await accessible(page, "an entry that is wrong");
  await form.getByLabel("What").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("spam@bulk.example");
  await page.keyboard.press("Enter");
  await form.waitFor({ state: "detached" });
  const row = region(page, "Allow and deny lists").getByRole("row").filter({ hasText: "spam@bulk.example" });
  await row.getByText(security.address).waitFor();
  await look(page, "the lists");
  await row.getByRole("button", { name: /^Remove/ }).focus();
  await page.keyboard.press("Enter");
  await dialog(page, "Remove").getByText(/taken and judged again/).waitFor();
  await dialog(page, "Remove").getByRole("button", { name: "Remove" }).focus();
  await page.keyboard.press("Enter");
  await row.waitFor({ state: "detached" });
});

test("a threshold is made stricter, milder with a reason, and set back", async () => {
  await go(page, "/judging");
  const junk = region(page, "Thresholds").getByRole("listitem").filter({ hasText: "Put into Junk from" });
  await junk.getByText("as the level says").waitFor();
  await look(page, "thresholds");
  const set = async (value, reason) => {
    await junk.getByRole("button", { name: "Change" }).click();
    const form = dialog(page, "Put into Junk from");
    await form.getByLabel("From").fill(value);
    await form.getByLabel("Why").fill(reason);
    await form.getByRole("button", { name: "Change" }).click();
    return form;
  };
  const form = await set("much", "");
  await form.getByRole("alert").waitFor();
  assert.equal(await form.getByLabel("From").inputValue(), "much");
  await page.keyboard.press("Escape");
  await (await set("0.55", "")).waitFor({ state: "detached" });
  await junk.getByText("stricter than the level").waitFor();
  await (await set("0.65", "partners of ours use odd servers")).waitFor({ state: "detached" });
  await junk.getByText("milder than the level").waitFor();
  await region(page, "Everything that was ever set").getByText("partners of ours use odd servers").waitFor();
  await junk.getByRole("button", { name: /^Back to the level/ }).click();
  await dialog(page, "Back to the level").getByRole("button", { name: "Back to the level" }).click();
  await junk.getByText("as the level says").waitFor();
});

test("the quality is counted from what people said", async () => {
  await go(page, "/judging/quality");
  await region(page, "By what people said").getByText(/Fewer than 20 messages/).waitFor();
  await region(page, "By what people said").getByText(/of what was stopped: \d+ rightly, \d+ wrongly/).waitFor();
  await page.getByRole("figure", { name: /What people said/ }).waitFor();
  await look(page, "the quality");
});

test("feeds tell what is wrong with them; what is confirmed here is shared", async () => {
  await go(page, "/feeds");
  const list = region(page, "Feeds");
  await list.getByRole("row").filter({ hasText: "own.txt" }).getByText("fresh").waitFor();
  await list.getByRole("row").filter({ hasText: "broken.stix.json" }).getByText("does not come").waitFor();
  await look(page, "feeds");
  await press(page, "Fetch all now");
  await status(page, /Asked for/);
  assert.equal(JSON.parse(await saved(page, () => press(page, "Save as STIX"))).type, "bundle");
  await press(page, "Make a link");
  await dialog(page, "Make a link").getByRole("button", { name: "Make a link" }).click();
  const link = await dialog(page, "Make a link").locator("code").first().textContent();
  await accessible(page, "a link for others");
  assert.match(link, /\/shared\/.+\/stix$/);
  await page.keyboard.press("Escape");
});

test("what is known of a sender is looked up", async () => {
  await go(page, "/senders");
  await page.getByLabel("Address, domain or network").fill("k3f9x2@old-shop.example");
  await page.keyboard.press("Enter");
  await page.waitForURL(/what=k3f9x2/);
  await region(page, "What is known").getByText(/old-shop\.example|Nothing is known/).first().waitFor();
  await look(page, "a sender");
  await page.getByLabel("Address, domain or network").fill("no thing");
  await page.keyboard.press("Enter");
  await region(page, "What is known").getByRole("alert").waitFor();
  assert.equal(await page.getByLabel("Address, domain or network").inputValue(), "no thing");
});

test("an odd sign-in stands on the map and in the table, with why", async () => {
  await go(page, "/sign-ins");
  await page.getByRole("img", { name: /Sign-ins on a map of the world/ }).waitFor();
  const list = region(page, "Sign-ins");
  await list.getByRole("link", { name: eva }).first().waitFor();
  await look(page, "sign-ins");
  await list.getByRole("combobox", { name: "Odd", exact: true }).selectOption("yes");
  await page.waitForURL(/odd=yes/);
  await list.getByLabel("Person").fill(eva);
  await page.waitForURL(/person=eva/);
  await list.getByLabel("Was it them?").selectOption("open");
  await page.waitForURL(/said=open/);
  const row = list.getByRole("row").filter({ hasText: "Brazil" }).first();
  await row.getByText("account frozen").waitFor();
  await row.getByRole("link").first().click();
  await heading(page, "Sign-in").waitFor();
  await region(page, "Why").getByText(/Brazil|BR/).first().waitFor();
  await look(page, "a sign-in");
  await press(page, `It was not them: ${eva}`);
  await dialog(page, "It was not them").getByText(/is frozen/).waitFor();
  await dialog(page, "It was not them").getByRole("button", { name: "It was not them" }).click();
  await region(page, "The sign-in").getByText(/^✕\s*no$/).waitFor();
});

test("reviews are made and saved", async () => {
  await go(page, "/sign-ins/reviews");
  await region(page, "Sign-ins of a month").waitFor();
  await look(page, "reviews");
  for (const [title, format, begins] of [["Sign-ins of a month", "pdf", "%PDF"], ["Who has access, of a quarter", "csv", ""]]) {
    const form = region(page, title);
    await form.getByLabel("Time").selectOption({ index: 0 });
    await form.getByLabel("As", { exact: true }).selectOption(format);
      const file = await saved(page, () => form.getByRole("button", { name: "Make and save" }).click());
    assert.ok(file.length > 100 && file.toString("latin1").startsWith(begins), title);
    await status(page, /^Saved: /);
  }
});

test("the administrator thaws a frozen account", async () => {
  const admin = await enter(opened.browser, ADMIN_USER, ADMIN_PASSWORD);
  await go(admin, "/sign-ins/frozen");
  const list = region(admin, "Frozen accounts");
  await list.getByRole("link", { name: eva }).waitFor();
  await look(admin, "frozen accounts");
  await list.getByRole("button", { name: `Thaw with a new password: ${eva}` }).click();
  await dialog(admin, "Thaw with a new password").getByRole("button", { name: "Thaw with a new password" }).click();
  const told = admin.getByRole("dialog").filter({ has: admin.locator("code") });
  assert.ok(((await told.locator("code").textContent()) ?? "").length >= 12);
  await told.getByRole("button").last().click();
  await list.getByText("No account is frozen.").waitFor();
  await admin.context().close();
});

test("in Chinese nothing is left without words", async () => {
  const all = ["/quarantine", "/threats", "/threats/campaigns", "/threats/pulled", "/cases?state=all", "/partners", "/partners/of/acme-valves.test", "/partners/alikes", "/reported", "/reported/complaints", "/senders?what=old-shop.example", "/lists", "/judging", "/judging/quality", "/feeds", "/sign-ins", "/sign-ins/frozen", "/sign-ins/reviews"];
  await hasChinese(page, all);
  nothingWrong(page);
});
