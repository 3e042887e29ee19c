// The account and its security, in the application itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, address, fitsTelephone, newPage, open, origin, signIn } from "./browser.mjs";
import { codeOf } from "./keys.mjs";

let opened;
let page;

before(async () => {
  // Chromium asks no authenticator on a page whose certificate it does not trust.
  opened = await open(["--ignore-certificate-errors"]);
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

const section = (name) => page.getByRole("region", { name });
const dialog = (name) => page.getByRole("dialog", { name });

async function authenticator() {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return { keys: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials };
}

let kept;

test("a passkey is added, with a sheet of recovery codes", async () => {
  kept = await authenticator();
  await page.goto(`${origin}/mail`);
  await page.getByRole("link", { name: "Account and security" }).click();
  await page.getByRole("heading", { level: 1, name: "Account and security" }).waitFor();
  await section("Second factors").getByText("No second factor: whoever knows the password gets in.").waitFor();
  await accessible(page, "the account");
  await section("Second factors").getByRole("button", { name: "Add a factor" }).click();
  await dialog("Add a factor").getByRole("radio", { name: /^Passkey/ }).check();
  await accessible(page, "adding a factor");
  await dialog("Add a factor").getByLabel("What you call it").fill("我的电脑");
  await page.keyboard.press("Enter");
  const codes = dialog("Recovery codes");
  await codes.waitFor();
  assert.equal(await codes.getByRole("listitem").count(), 10);
  assert.equal((await kept.keys()).length, 1);
  await accessible(page, "recovery codes");
  await codes.getByRole("button", { name: "I have kept them" }).click();
  await section("Second factors").getByText("我的电脑").waitFor();
  await section("Second factors").getByText("10 recovery codes are left.").waitFor();
});

test("an authenticator app is added by its code, and taken away", async () => {
  await section("Second factors").getByRole("button", { name: "Add a factor" }).click();
  const adding = dialog("Add a factor");
  await adding.getByRole("radio", { name: /^Authenticator app/ }).check();
  await adding.getByLabel("What you call it").fill("Telephone");
  await adding.getByRole("button", { name: "Go on" }).click();
  await adding.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
  await accessible(page, "the code of an app");
  const secret = await adding.locator("code").textContent();
  await adding.getByRole("textbox", { name: "Code" }).fill("000000");
  await adding.getByRole("button", { name: "Go on" }).click();
  await adding.getByRole("alert").waitFor();
  await adding.getByRole("textbox", { name: "Code" }).fill(codeOf(secret));
  await adding.getByRole("button", { name: "Go on" }).click();
  await section("Second factors").getByText("Telephone").waitFor();
  await section("Second factors").getByRole("button", { name: "Remove Telephone" }).click();
  await section("Second factors").getByText("Telephone").waitFor({ state: "detached" });
});

test("an app password is told once, and taken away", async () => {
  await section("App passwords").getByRole("button", { name: "New app password" }).click();
  await dialog("New app password").getByLabel("Device").fill("Old laptop");
  await dialog("New app password").getByLabel("Send mail (SMTP)").click();
  await dialog("New app password").getByRole("button", { name: "New app password" }).click();
  const made = dialog("The new app password");
  assert.match(await made.locator("code").textContent(), /^[a-z0-9]+(-[a-z0-9]+)+$/i);
  await accessible(page, "an app password");
  await made.getByRole("button", { name: "Close" }).last().click();
  await section("App passwords").getByText("imap").waitFor();
  await section("App passwords").getByRole("button", { name: "Take away Old laptop" }).click();
  await section("App passwords").getByText("Old laptop").waitFor({ state: "detached" });
});

test("a key is made, published, saved, retired and destroyed", async () => {
  const keys = section("OpenPGP keys");
  await keys.getByText("No key yet.").waitFor();
  await keys.getByRole("button", { name: "Make a key" }).click();
  const line = keys.getByRole("listitem");
  await line.getByText("in use").waitFor();
  const fingerprint = await line.locator("code").first().textContent();
  assert.match(fingerprint, /^([0-9A-F]{4} ){9}[0-9A-F]{4}$/);
  await line.getByText("kept on this server").waitFor();
  await line.getByRole("button", { name: "Publish" }).click();
  await line.getByText("published", { exact: true }).waitFor();
  await accessible(page, "keys");
  const downloading = page.waitForEvent("download");
  await line.getByRole("button", { name: "Save the public key" }).click();
  const saved = await (await downloading).createReadStream();
  const text = (await saved.toArray()).join("");
  assert.match(text, /^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
  await line.getByRole("button", { name: "Publish no longer" }).click();
  await line.getByText("not published").waitFor();
  await line.getByRole("button", { name: "Retire" }).click();
  await line.getByText("opens old mail only").waitFor();
  await line.getByRole("button", { name: "Destroy" }).click();
  await dialog("Destroy").getByText("Mail that was encrypted to this key can then never be read again.").waitFor();
  await accessible(page, "whether a key is destroyed");
  await dialog("Destroy").getByRole("button", { name: "Destroy" }).click();
  await keys.getByText("No key yet.").waitFor();
  // The same key comes back as a public one, whose private side is elsewhere.
  await keys.getByRole("button", { name: "Bring a key" }).click();
  const bringing = dialog("Bring a key");
  await bringing.getByLabel("The key, from BEGIN to END").fill("no key");
  await bringing.getByRole("button", { name: "Bring a key" }).click();
  await page.getByRole("status").getByText(/^That did not work: /).first().waitFor();
  await keys.getByRole("button", { name: "Bring a key" }).click();
  await bringing.getByLabel("The key, from BEGIN to END").fill(text);
  await accessible(page, "bringing a key");
  await bringing.getByRole("button", { name: "Bring a key" }).click();
  await line.getByText("private key is with you alone").waitFor();
  assert.equal(await line.locator("code").first().textContent(), fingerprint);
});

test("a certificate of S/MIME is made by the organisation's own authority, and destroyed", async () => {
  const certificates = section("S/MIME certificates");
  await certificates.getByRole("button", { name: "Have one made" }).click();
  const line = certificates.getByRole("listitem");
  await line.getByText("valid until").waitFor();
  await accessible(page, "certificates");
  await certificates.getByRole("button", { name: "Bring a certificate" }).click();
  const bringing = dialog("Bring a certificate");
  await bringing.getByLabel("File (.p12, .pfx, .pem)").setInputFiles({ name: "key.p12", mimeType: "application/x-pkcs12", buffer: Buffer.from("no file") });
  await bringing.getByRole("button", { name: "Bring a certificate" }).click();
  await page.getByRole("status").getByText(/^That did not work: /).first().waitFor();
  await line.getByRole("button", { name: "Destroy" }).click();
  await dialog("Destroy").getByRole("button", { name: "Destroy" }).click();
  await certificates.getByText("No key yet.").waitFor();
});

/** Opens an archive as somebody would who has nothing of ours; gives paths and what account.json has. */
const OPENED = `
import hashlib, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
manifest = json.loads(archive.read("manifest.json"))
assert {it["path"] for it in manifest} | {"manifest.json", "manifest.note"} == set(archive.namelist()), archive.namelist()
# Folders, those without mail too, are told by themselves.
files = [it for it in manifest if not it["path"].endswith("/")]
assert "mail/INBOX/" in {it["path"] for it in manifest}, manifest
for it in files:
    content = archive.read(it["path"])
    assert hashlib.sha256(content).hexdigest() == it["sha256"] and len(content) == it["size"], it
mail = [it for it in files if it["path"].startswith("mail/")]
raw = [archive.read(it["path"]).decode() for it in mail if it["folder"] == "INBOX"]
print(json.dumps({"paths": archive.namelist(), "account": json.loads(archive.read("account.json")),
    "signIns": json.loads(archive.read("sign-in/sign-ins.json")), "mail": mail, "raw": raw}))
`;

test("everything is saved as one archive, which opens elsewhere", async () => {
  const letter = ["From: Anna <anna@partner.example>", "Subject: Offer 88", "Message-ID: <88@partner.example>", "", "Valves, 40 of them."].join("\r\n");
  await page.evaluate(async (letter) => {
    const session = await (await fetch("/jmap/session")).json();
    const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    const { blobId } = await (await fetch(`/jmap/upload/${accountId}`, { method: "POST", body: letter, headers: { "content-type": "message/rfc822" } })).json();
    const using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    const ask = async (methodCalls) => (await fetch("/jmap/api", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ using, methodCalls }) })).json();
    const found = await ask([["Mailbox/query", { accountId, filter: { role: "inbox" } }, "0"]]);
    const emails = { a: { blobId, mailboxIds: { [found.methodResponses[0][1].ids[0]]: true }, keywords: { $flagged: true, urgent: true } } };
    await ask([["Email/import", { accountId, emails }, "0"]]);
  }, letter);
  await accessible(page, "the data of an account");
  const downloading = page.waitForEvent("download");
  await section("Your data").getByRole("button", { name: "Save everything" }).click();
  const path = join(mkdtempSync(join(tmpdir(), "takeout-")), "all.zip");
  await (await downloading).saveAs(path);
  const found = JSON.parse(execFileSync("python3", ["-c", OPENED, path]).toString());
  assert.deepEqual(found.account.addresses, [address]);
  assert.ok(found.signIns.some((it) => it.outcome === "accepted"), JSON.stringify(found.signIns));
  assert.ok(found.raw.some((raw) => raw.endsWith(letter)), found.paths.join());
  assert.ok(found.mail.some((it) => it.flags.includes("$flagged") && it.flags.includes("urgent")), JSON.stringify(found.mail));
  assert.ok(found.paths.includes("contacts.json") && found.paths.some((it) => it.startsWith("keys/")), found.paths.join());
});

test("somebody asks about his own data, sees until when it is answered, and takes it back", async () => {
  const requests = section("Data protection requests");
  await requests.getByText("You have asked for nothing.").waitFor();
  await requests.getByRole("button", { name: "Ask about your data" }).click();
  const asking = dialog("Ask about your data");
  await asking.getByLabel("What do you ask for?").selectOption("erasure");
  await asking.getByText(/two of them, as soon as no legal hold/).waitFor();
  await accessible(page, "asking about one's data");
  await asking.getByLabel("What else should be known").fill("I leave in March.");
  await asking.getByRole("button", { name: "Ask", exact: true }).click();
  await requests.getByText(/^To have it erased \(request \d+\)$/).waitFor();
  await requests.getByText("GDPR (European Union)").waitFor();
  await requests.getByText("Answered by").waitFor();
  // One of a kind at a time.
  await requests.getByRole("button", { name: "Ask about your data" }).click();
  await asking.getByLabel("What do you ask for?").selectOption("erasure");
  await asking.getByRole("button", { name: "Ask", exact: true }).click();
  await page.getByText(/waits for its answer/).waitFor();
  await page.keyboard.press("Escape");
  await requests.getByRole("button", { name: "Take back" }).click();
  await requests.getByText("taken back").waitFor();
  await accessible(page, "requests about one's data");
});

test("other browsers are signed out from here", async () => {
  const other = await newPage(opened.browser);
  await other.goto(`${origin}/mail`);
  await other.fill("input[name=login]", address);
  await other.fill("input[name=password]", process.env.IMAP_PASSWORD);
  await other.click("button[type=submit], button.first");
  await other.waitForURL(/\/sign-in\/factor/);
  await other.context().close();
  await page.reload();
  const browsers = section("Browsers");
  await browsers.getByText("This browser").waitFor();
  const others = browsers.getByRole("button", { name: "Sign out everywhere else" });
  if (await others.isVisible()) await others.click();
  await others.waitFor({ state: "detached" });
  assert.equal(await browsers.getByRole("listitem").count(), 1);
});

test("sign-ins are listed, and the page fits a telephone", async () => {
  const signIns = section("Recent sign-ins");
  await signIns.getByText("Signed in").first().waitFor();
  await signIns.getByText(/where these sign-ins came from is not known/).waitFor();
  await fitsTelephone(page, "the account");
  await page.goto(`${origin}/mail/account?lang=zh-CN`);
  await page.getByRole("heading", { level: 1, name: "账户与安全" }).waitFor();
  await section("第二重验证").getByText("我的电脑").waitFor();
  await fitsTelephone(page, "the account in Chinese");
  await page.goto(`${origin}/mail/account?lang=en`);
});

test("a map shows where somebody signed in", async () => {
  await page.route("**/api/v1/sign-in-list", async (route) => {
    const events = [
      { id: 1, time: new Date().toISOString(), outcome: "accepted", answer: "pass", from: "203.0.113.7", country: "DE", spot: [51, 10], by: "web/password", said: "" },
      { id: 2, time: new Date().toISOString(), outcome: "refused", answer: "refuse", from: "198.51.100.9", country: "BR", spot: [-10, -55], by: "imap/plain", said: "" },
    ];
    await route.fulfill({ json: events });
  });
  await page.goto(`${origin}/mail/account`);
  const map = page.getByRole("img", { name: /Sign-ins on a map of the world\. .*Germany: 1/ });
  await map.waitFor();
  assert.equal(await map.locator("circle").count(), 2);
  const drawn = await map.locator("circle").last().boundingBox();
  const whole = await map.boundingBox();
  const east = (drawn.x + drawn.width / 2 - whole.x) / whole.width;
  assert.ok(Math.abs(east - (180 - 55) / 360) < 0.01, `${east}`);
  await section("Recent sign-ins").getByRole("button", { name: "It was not me" }).click();
  await dialog("It was not me").getByText("The account is frozen").waitFor();
  await accessible(page, "whose sign-in it was");
  await dialog("It was not me").getByRole("button", { name: "Cancel" }).click();
  await page.unroute("**/api/v1/sign-in-list");
});

test("a factor is shown where one is needed and none was of late", async () => {
  // What the server says once the last showing is too old.
  let asked = 0;
  await page.route("**/api/v1/factor-recovery-codes", async (route) => {
    asked += 1;
    if (asked > 1) await route.continue();
    else await route.fulfill({ status: 401, contentType: "application/problem+json", json: { type: "urn:tradewind:problem:step-up", detail: "show a strong factor first" } });
  });
  await section("Second factors").getByRole("button", { name: "Make new recovery codes" }).click();
  const showing = dialog("Show that it is you");
  await showing.waitFor();
  await accessible(page, "showing a factor");
  await showing.getByRole("button", { name: "Use the key" }).click();
  await dialog("Recovery codes").waitFor();
  assert.equal(await dialog("Recovery codes").getByRole("listitem").count(), 10);
});

test("nothing went wrong on the way", () => {
  // A wrong code, a factor that is asked for, and what is no key are told by their status.
  const wrongs = page.wrongs.filter((wrong) => !/status of (40[01]|422)/.test(wrong));
  assert.deepEqual(wrongs, []);
});
