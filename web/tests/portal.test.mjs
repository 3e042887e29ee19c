// The portal: written and encrypted in one browser, opened and answered in another, read by the sender; and what is refused. What must be found
// nowhere on the server is written to the files that PORTAL_SECRETS and PORTAL_KEYS name.
import assert from "node:assert/strict";
import { appendFileSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, fitsTelephone, newPage, open, origin, row, signIn } from "./browser.mjs";

const SUBJECT = "Kumquat offer of spring";
const TEXT = "The walrus price is 4711 a piece.";
const FILE = "pangolin-content ".repeat(70_000);
const ANSWER = "The axolotl order is ten pieces.";
const ANSWER_FILE = "capybara-content";
const PASSWORD = "ostrich-Lantern-42";

let opened;
let page;

const secret = (text) => process.env.PORTAL_SECRETS && appendFileSync(process.env.PORTAL_SECRETS, `${text}\n`);

before(async () => {
  opened = await open();
  page = await newPage(opened.browser, { permissions: ["clipboard-read", "clipboard-write"] });
  await signIn(page);
  for (const text of [SUBJECT, TEXT, "pangolin-content", ANSWER, ANSWER_FILE, PASSWORD]) secret(text);
});

after(() => opened?.close());

/** Sends an encrypted message; gives its link. */
async function send({ subject, text, files = [], lock = "password", openings }) {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  await page.getByLabel("Protection").selectOption("portal");
  const composer = page.getByRole("dialog", { name: "New encrypted message" });
  await composer.getByLabel("To", { exact: true }).fill("buyer@far.example");
  await composer.getByRole("textbox", { name: "Text" }).click();
  await page.keyboard.type(text);
  if (files.length > 0) await composer.getByLabel("Attach files").setInputFiles(files);
  if (lock === "password") await composer.getByLabel("Password", { exact: true }).fill(PASSWORD);
  else await composer.getByLabel("Opens with a secret link").check();
  if (openings) await composer.getByLabel("Openings").fill(String(openings));
  await composer.getByText(/^buyer@far.example gets/).waitFor();
  await composer.getByLabel("Subject").fill(subject);
  const named = page.getByRole("dialog", { name: subject });
  if (subject === SUBJECT) {
    await accessible(page, "the form that encrypts");
    await fitsTelephone(page, "the form that encrypts");
  }
  await named.getByRole("button", { name: "Encrypt and send" }).click();
  await named.getByText("The message is encrypted and waits for your partner.").waitFor();
  const link = await named.getByLabel("Link for buyer@far.example").inputValue();
  await named.getByRole("button", { name: "Close" }).first().click();
  if (link.includes("#")) {
    secret(link.split("#")[1]);
    if (process.env.PORTAL_KEYS) appendFileSync(process.env.PORTAL_KEYS, `${Buffer.from(link.split("#")[1], "base64url").toString("hex")}\n`);
  }
  return link.replace(/^https:\/\/[^/]+/, origin);
}

/** A page of the partner's own browser, at the link. */
async function visit(link, options) {
  const guest = await newPage(opened.browser, options);
  await guest.goto(link);
  return guest;
}

async function downloaded(from, click) {
  const [download] = await Promise.all([from.waitForEvent("download"), click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

const file = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
let link;

test("a message is written, opened with the password elsewhere, and answered", async () => {
  link = await send({ subject: SUBJECT, text: TEXT, files: [file("offer.txt", FILE)] });
  assert.ok(!link.includes("#"));
  const guest = await visit(link);
  assert.deepEqual(await guest.context().cookies(), [], "no cookie");
  await guest.getByRole("heading", { name: "Encrypted message" }).waitFor();
  await accessible(guest, "what asks for the password");
  await fitsTelephone(guest, "what asks for the password");
  await guest.getByLabel("Password").fill("not the one");
  await guest.getByRole("button", { name: "Open" }).click();
  await guest.getByText("The password is wrong.").waitFor();
  await guest.getByLabel("Password").fill(` ${PASSWORD}`);
  await guest.keyboard.press("Enter");
  await guest.getByRole("heading", { name: SUBJECT }).waitFor();
  assert.equal((await guest.frameLocator("iframe").locator("body").innerText()).trim(), TEXT);
  assert.equal(await guest.evaluate(() => localStorage.length + sessionStorage.length), 0, "nothing is kept");
  const got = await downloaded(guest, () => guest.getByRole("button", { name: "Download offer.txt" }).click());
  assert.deepEqual([got.name, got.text === FILE], ["offer.txt", true]);
  await guest.getByLabel("Language").selectOption("zh-CN");
  await guest.getByRole("button", { name: "发送回复" }).waitFor();
  await accessible(guest, "the opened message");
  await fitsTelephone(guest, "the opened message");
  await guest.getByLabel("语言").selectOption("en");
  await guest.getByLabel("Your reply").fill(ANSWER);
  await guest.getByLabel("Attach files").setInputFiles([file("order.txt", ANSWER_FILE)]);
  await guest.getByRole("button", { name: "Send reply" }).click();
  await guest.getByText("Your reply was sent.").waitFor();
  // The wrong password; and styles of the message, which apply in its own document alone.
  assert.deepEqual(guest.wrongs.filter((it) => !it.includes("403") && !it.startsWith("Applying inline style")), []);
  await guest.context().close();
});

test("the sender reads the reply, and another browser of his asks for the password", async () => {
  await page.goto(`${origin}/mail`);
  await row(page, "Reply to your encrypted message").waitFor();
  await page.getByRole("link", { name: "Secure deliveries" }).click();
  await page.getByText("Opened 1 of 20 times").waitFor();
  await page.getByText(SUBJECT).waitFor();
  await accessible(page, "the deliveries");
  await page.getByRole("button", { name: "Read 1 reply" }).click();
  const dialog = page.getByRole("dialog", { name: "buyer@far.example" });
  await dialog.getByText("Reply of buyer@far.example").waitFor();
  assert.equal((await dialog.frameLocator("iframe >> nth=1").locator("body").innerText()).trim(), ANSWER);
  const got = await downloaded(page, () => dialog.getByRole("button", { name: "Download order.txt" }).click());
  assert.deepEqual(got, { name: "order.txt", text: ANSWER_FILE });
  await fitsTelephone(page, "a reply");
  const other = await newPage(opened.browser);
  await signIn(other);
  await other.goto(`${origin}/mail/secure`);
  await other.getByRole("button", { name: "Read 1 reply" }).click();
  await other.getByLabel(/another browser. Type its password/).fill(PASSWORD);
  await other.getByRole("dialog").getByRole("button", { name: "Read", exact: true }).click();
  await other.getByText("Reply of buyer@far.example").waitFor();
  await other.context().close();
});

test("a secret link opens as often as it may, and not when it is altered", async () => {
  const secretLink = await send({ subject: "By link", text: "Numbat.", lock: "link", openings: 1 });
  const altered = await visit(secretLink.replace(/.$/, (last) => (last === "A" ? "E" : "A")).replace(/#(.)/, (_, first) => `#${first === "B" ? "C" : "B"}`));
  await altered.getByRole("button", { name: "Open" }).click();
  await altered.getByText("The link is not whole or not the right one.").waitFor();
  await altered.context().close();
  const guest = await visit(secretLink);
  await guest.getByRole("button", { name: "Open" }).click();
  await guest.getByRole("heading", { name: "By link" }).waitFor();
  await guest.reload();
  await guest.getByText("as often as the sender allowed").waitFor();
  await guest.context().close();
});

test("what was taken back is not opened any more", async () => {
  await page.goto(`${origin}/mail/secure`);
  await page.getByRole("listitem").filter({ hasText: SUBJECT }).getByRole("button", { name: "Take back" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await page.getByText("taken back", { exact: true }).waitFor();
  const guest = await visit(link, { locale: "zh-CN" });
  await guest.getByText("发件人已撤回该邮件。").waitFor();
  await accessible(guest, "what ends a visit");
  await guest.context().close();
});

test("what else may be said is said in words", async () => {
  const guest = await newPage(opened.browser);
  for (const [word, said] of [["expired", "has expired"], ["shut", "too many wrong attempts"], ["unknown", "no message here"], ["wait", "Wait 7 s"], ["x", "does not work now"]]) {
    await guest.route("**/lock", (route) => route.fulfill({ status: 410, contentType: "application/problem+json", body: JSON.stringify({ type: `urn:tradewind:portal:${word}`, wait: 7 }) }));
    await guest.goto(`${origin}/p/AAAAAAAAAAAAAAAAAAAAAA`);
    await guest.getByText(said).waitFor();
    await guest.unroute("**/lock");
  }
  await guest.context().close();
});

