// End to end between colleagues: two browsers make keys, one writes, the other reads; and what is refused. What must be found nowhere on the server
// is written to the file that END_SECRETS names.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createMessage, encrypt, generateKey, readKey } from "openpgp";
import { encodeQR } from "qr";
import { accessible, address, fitsTelephone, jmap, newPage, open, origin, row, signIn } from "./browser.mjs";
import { enrol, makeKey, post, unlock, write } from "./keys.mjs";

const { OTHER_USER, OTHER_PASSWORD } = process.env;
const SUBJECT = "Pangolin price of winter";
const TEXT = "The okapi costs 8123 a piece. 冬季报价";
const FILE = "tapir-content ".repeat(20_000);
const PASSPHRASE = "quokka Meadow seventeen";
const NEW_PASSPHRASE = "echidna Orchard thirty";
const OTHER_PASSPHRASE = "wombat Harbour twenty";

let opened;
let sales;
let other;

const secret = (text) => process.env.END_SECRETS && appendFileSync(process.env.END_SECRETS, `${text}\n`);

/** What the camera of the browser sees. */
const place = mkdtempSync(join(tmpdir(), "tradewind-camera-"));
const seen = join(place, "seen.y4m");

before(async () => {
  // Chromium asks no authenticator on a page whose certificate it does not trust.
  opened = await open(["--ignore-certificate-errors", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${seen}`]);
  sales = await newPage(opened.browser);
  other = await newPage(opened.browser);
  await signIn(sales);
  await signIn(other, OTHER_USER, OTHER_PASSWORD);
  for (const text of [SUBJECT, TEXT, "tapir-content", PASSPHRASE, NEW_PASSPHRASE, OTHER_PASSPHRASE]) secret(text);
});

after(async () => {
  await opened?.close();
  rmSync(place, { recursive: true });
});

/** Signs in with a recovery code as second factor. */
async function signInStrongly(page, user, password, code) {
  await page.goto(`${origin}/mail`);
  await page.waitForURL(/\/sign-in/);
  await page.fill("input[name=login]", user);
  await page.fill("input[name=password]", password);
  await page.click("button[type=submit], button.first");
  await page.waitForURL(/\/sign-in\/factor/);
  const other = page.locator("details", { has: page.locator("input[value=recovery]") });
  if ((await other.count()) > 0) await other.locator("summary").click();
  const form = page.locator("form", { has: page.locator("input[value=recovery]") });
  await form.locator("input[name=code]").fill(code);
  await form.getByRole("button").click();
  await page.waitForURL(/\/mail/);
  await page.getByRole("grid").waitFor();
}

async function downloaded(page, click) {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

let recovery;
let salesRecovery;
let codes;
let otherCodes;

test("each makes a key, and enters it by a strong factor", async () => {
  codes = await enrol(sales);
  otherCodes = await enrol(other);
  salesRecovery = await makeKey(sales, PASSPHRASE);
  recovery = await makeKey(other, OTHER_PASSPHRASE);
  for (const code of [salesRecovery, recovery]) secret(code);
});

test("a message with a file goes from one to the other", async () => {
  const form = await write(sales);
  // A page that was loaded anew asks for the passphrase.
  await form.getByLabel("Passphrase or recovery code").fill("not the one, surely");
  await form.getByRole("button", { name: "Unlock" }).click();
  await form.getByText("Neither the passphrase nor the recovery code is right.").waitFor();
  await form.getByLabel("Passphrase or recovery code").fill(PASSPHRASE);
  await form.getByRole("button", { name: "Unlock" }).click();
  await form.getByLabel("To", { exact: true }).fill(`${OTHER_USER}, nobody@far.example`);
  await form.getByText("nobody@far.example has no key of their own").waitFor();
  await form.getByRole("button", { name: "Encrypt and send" }).click();
  await form.getByText("Not every recipient can get this message end to end.").waitFor();
  await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await form.getByText(`${OTHER_USER} can read it.`).waitFor();
  await form.getByLabel("Subject").fill(SUBJECT);
  await form.getByRole("textbox", { name: "Text" }).click();
  await sales.keyboard.type(TEXT);
  await form.getByLabel("Attach files").setInputFiles([{ name: "offer.txt", mimeType: "text/plain", buffer: Buffer.from(FILE) }]);
  await accessible(sales, "the form that encrypts end to end");
  await fitsTelephone(sales, "the form that encrypts end to end");
  await form.getByRole("button", { name: "Encrypt and send" }).click();
  await sales.getByText("The message was sent, end to end.").waitFor();

  await other.goto(`${origin}/mail`);
  await row(other, "[...]").first().click();
  await other.getByLabel("Passphrase or recovery code").fill(recovery);
  await other.getByRole("button", { name: "Unlock" }).click();
  await other.getByText(`End to end. Signed by ${address.toLowerCase()}`).waitFor();
  await other.getByRole("heading", { name: SUBJECT }).waitFor();
  assert.equal((await other.frameLocator("iframe").locator("body").innerText()).trim(), TEXT);
  const got = await downloaded(other, () => other.getByRole("button", { name: /^Download offer.txt/ }).click());
  assert.deepEqual([got.name, got.text === FILE], ["offer.txt", true]);
  await accessible(other, "an opened message");
  assert.deepEqual([...sales.wrongs, ...other.wrongs].filter((it) => !it.startsWith("Applying inline style")), []);
});

/** What lies in the browser's own databases, as text. */
const resting = (page) =>
  page.evaluate(async () => {
    const found = [];
    for (const { name } of await indexedDB.databases()) {
      const base = await new Promise((resolve, reject) => {
        const request = indexedDB.open(name);
        request.addEventListener("success", () => resolve(request.result));
        request.addEventListener("error", () => reject(request.error));
      });
      for (const store of base.objectStoreNames) {
        const all = await new Promise((resolve) => {
          base.transaction(store).objectStore(store).getAll().addEventListener("success", ({ target }) => resolve(target.result));
        });
        for (const one of all) found.push(JSON.stringify(one, (_, value) => (value instanceof Uint8Array ? new TextDecoder("latin1").decode(value) : value)));
      }
      base.close();
    }
    return found;
  });

async function search(page, words) {
  const field = page.getByLabel("Search mail");
  await field.fill(words);
  await field.press("Enter");
  return page.getByRole("region", { name: "Your encrypted mail" });
}

test("encrypted mail is searched in the browser, and only while the key is unlocked", async () => {
  // A page that was loaded anew has forgotten the key.
  await other.goto(`${origin}/mail`);
  let region = await search(other, "okapi");
  await region.getByText("not searched until you unlock").waitFor();
  await accessible(other, "a search with a locked key");
  await region.getByRole("button", { name: "Unlock" }).click();
  await other.getByLabel("Passphrase or recovery code").fill(OTHER_PASSPHRASE);
  await other.getByRole("dialog").getByRole("button", { name: "Unlock" }).click();
  await region.getByText("1 message found").waitFor();
  await accessible(other, "what was found in encrypted mail");
  await fitsTelephone(other, "what was found in encrypted mail");
  for (const [words, count] of [["pangolin winter", "1 message"], ["offer.txt", "1 message"], ["报价", "1 message"], ["okapi -pangolin", "Nothing"], ["zebra", "Nothing"], [`from:${address.toLowerCase()}`, "1 message"], ["body:pangolin", "Nothing"]]) {
    // One after the other: each is another search.
    // oxlint-disable-next-line no-await-in-loop
    region = await search(other, words);
    // oxlint-disable-next-line no-await-in-loop
    await region.getByText(count).waitFor();
  }
  region = await search(other, "okapi is:unread");
  await region.getByText("not by is:").waitFor();
  region = await search(other, "okapi");
  await region.getByRole("button", { name: new RegExp(SUBJECT) }).click();
  await other.getByRole("heading", { name: SUBJECT }).waitFor();

  const kept = await resting(other);
  assert.ok(kept.some((it) => it.includes("sealed")), "the index rests in the browser");
  for (const word of ["okapi", "8123", "angolin", "offer.txt", "报价"]) assert.ok(!kept.some((it) => it.includes(word)), word);
  region = await search(other, "okapi 8123");
  await region.getByRole("button", { name: "Lock my key" }).click();
  await region.getByText("not searched until you unlock").waitFor();
  assert.equal(await other.getByText(SUBJECT).count(), 0);
});

test("a key that is not the one in the log, and a log written anew, stop everything", async () => {
  // The server's answer, as another server would give it.
  await sales.addInitScript(() => {
    const real = window.fetch;
    window.fetch = async (...asked) => {
      const response = await real(...asked);
      if (!window.tamper || !String(asked[1]?.body ?? "").includes("DirectoryKey/get")) return response;
      const answer = await response.json();
      for (const [name, told] of answer.methodResponses) if (name === "DirectoryKey/get") window.tamper(told);
      return Response.json(answer);
    };
  });
  const form = await write(sales);
  await form.getByLabel("Passphrase or recovery code").fill(PASSPHRASE);
  await form.getByRole("button", { name: "Unlock" }).click();
  await sales.evaluate(async () => {
    const session = await (await fetch("/.well-known/jmap")).json();
    const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
    const body = JSON.stringify({ using: Object.keys(session.capabilities), methodCalls: [["CryptoKey/get", { accountId, ids: null }, "0"]] });
    const answer = await (await fetch(new URL(session.apiUrl).pathname, { method: "POST", headers: { "content-type": "application/json" }, body })).json();
    window.own = answer.methodResponses[0][1].list[0].certificate;
  });
  const changes = [
    [() => { window.tamper = (told) => { told.list[0].certificate = window.own; }; }, "is not the one in the log"],
    [() => { window.tamper = (told) => { told.list[0].entries[0].text = told.list[0].entries[0].text.replace("owner", "owned"); }; }, "the log has something else about"],
    [() => { window.tamper = (told) => { told.list[0].entries[0].proof.place += 1; }; }, "what was told is not in the log"],
    [() => { window.tamper = (told) => { told.checkpoint = told.checkpoint.replace(/time [^\n]*/, "time 2026-01-01T00:00:00Z"); }; }, "bears no signature of the log"],
    [() => { window.tamper = (told) => { told.growth = null; }; }, "its history was written anew"],
    [() => { window.tamper = (told) => { told.checkpoint = null; }; }, "the log that was there is gone"],
  ];
  for (const [how, says] of changes) {
    // One after the other: each is another answer.
    // oxlint-disable-next-line no-await-in-loop
    await sales.evaluate(how);
    await form.getByLabel("To", { exact: true }).fill("");
    await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
    await form.getByText(says).waitFor();
    assert.ok(await form.getByRole("button", { name: "Encrypt and send" }).isDisabled(), says);
  }
});

test("the passphrase is changed, and the recovery code stays", async () => {
  await sales.goto(`${origin}/mail/account`);
  await sales.getByRole("button", { name: "Change the passphrase" }).first().click();
  const form = sales.getByRole("dialog", { name: "Change the passphrase" });
  await form.getByLabel("New passphrase").fill(NEW_PASSPHRASE);
  await form.getByLabel("Passphrase or recovery code").fill("not the one, surely");
  await form.getByRole("button", { name: "Change the passphrase" }).click();
  await form.getByText("Neither the passphrase nor the recovery code is right.").waitFor();
  await accessible(sales, "another passphrase");
  await form.getByLabel("Passphrase or recovery code").fill(PASSPHRASE);
  await form.getByRole("button", { name: "Change the passphrase" }).click();
  await sales.getByText("The passphrase was changed.").waitFor();
  const writing = await write(sales);
  await writing.getByLabel("Passphrase or recovery code").fill(PASSPHRASE);
  await writing.getByRole("button", { name: "Unlock" }).click();
  await writing.getByText("Neither the passphrase nor the recovery code is right.").waitFor();
  await writing.getByLabel("Passphrase or recovery code").fill(salesRecovery);
  await writing.getByRole("button", { name: "Unlock" }).click();
  await writing.getByLabel("To", { exact: true }).waitFor();
  await sales.reload();
  // What was sealed against another state than the newest is not kept.
  const late = await post(sales, "/api/v1/openpgp-list", { address });
  const [{ fingerprint }] = late.body.filter(({ custody }) => custody === "owner");
  const refused = await post(sales, "/api/v1/openpgp-reseal", { address, key_id: fingerprint, sealed_private: "e30=", replaces: "0".repeat(64) });
  assert.match(JSON.stringify(refused.body), /changed meanwhile/);
});

/** An authenticator of the page's browser, with the extension that gives secrets or without. */
async function authenticator(page, hasPrf) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, hasPrf };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  return { away: () => devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }) };
}

test("a passkey unlocks the key, after a new sign-in too, and one that cannot says so", async () => {
  const region = (name) => sales.getByRole("region", { name });
  const adding = sales.getByRole("dialog", { name: "Unlock with a passkey" });
  const add = async (label, button) => {
    await adding.getByLabel("What you call it").fill(label);
    await adding.getByRole("button", { name: button }).click();
  };
  const without = await authenticator(sales, false);
  await sales.goto(`${origin}/mail/account`);
  await region("Passkeys that unlock your key").getByText("None yet").waitFor();
  await region("Passkeys that unlock your key").getByRole("button", { name: "Unlock with a passkey" }).click();
  await unlock(adding, NEW_PASSPHRASE);
  await add("", "Make a passkey for this");
  await adding.getByText("Give it a name first.").waitFor();
  await add("Old telephone", "Make a passkey for this");
  await adding.getByText("This passkey cannot unlock keys").waitFor();
  await accessible(sales, "adding a passkey that unlocks the key");
  await without.away();
  await adding.getByRole("button", { name: "Close" }).click();

  // A second factor that can do it is used for this as well.
  const laptop = await authenticator(sales, true);
  await region("Second factors").getByRole("button", { name: "Add a factor" }).click();
  const factor = sales.getByRole("dialog", { name: "Add a factor" });
  await factor.getByRole("radio", { name: /^Passkey/ }).check();
  await factor.getByLabel("What you call it").fill("Sign-in");
  await sales.keyboard.press("Enter");
  await region("Second factors").getByText("Sign-in").waitFor();
  await region("Passkeys that unlock your key").getByRole("button", { name: "Unlock with a passkey" }).click();
  await add("Laptop", "Use one that I sign in with");
  await sales.getByText("This passkey unlocks your key from now on.").waitFor();
  await region("Passkeys that unlock your key").getByText("Laptop").waitFor();
  await region("Passkeys that unlock your key").getByRole("button", { name: "Unlock with a passkey" }).click();
  await add("Laptop again", "Make a passkey for this");
  await adding.getByText("This device has a passkey for your key already.").waitFor();
  // Another device makes one for this alone.
  await laptop.away();
  await authenticator(sales, true);
  await add("Pocket", "Make a passkey for this");
  await region("Passkeys that unlock your key").getByText("Pocket").waitFor();
  assert.equal(await region("Passkeys that unlock your key").getByRole("listitem").count(), 2);
  await accessible(sales, "passkeys that unlock the key");
  await fitsTelephone(sales, "passkeys that unlock the key");

  // Cancelled; another secret than the one that wraps; and the right one.
  const form = await write(sales);
  const byPasskey = form.getByRole("button", { name: "Unlock with a passkey (Laptop, Pocket)" });
  await sales.evaluate(() => {
    window.get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await byPasskey.click();
  await form.getByText("No passkey was shown").waitFor();
  await sales.evaluate(() => {
    navigator.credentials.get = (options) => {
      for (const { first } of Object.values(options.publicKey.extensions.prf.evalByCredential)) first[0] ^= 1;
      return window.get(options);
    };
  });
  await byPasskey.click();
  await form.getByText("This passkey does not open your key.").waitFor();
  await sales.evaluate(() => {
    navigator.credentials.get = async (options) => {
      const shown = await window.get(options);
      window.given = [...new Uint8Array(shown.getClientExtensionResults().prf.results.first)];
      return shown;
    };
  });
  await byPasskey.click();
  await form.getByLabel("To", { exact: true }).waitFor();
  const given = Buffer.from(await sales.evaluate(() => window.given));
  assert.equal(given.length, 32);
  for (const form of ["hex", "base64", "base64url"]) secret(given.toString(form));

  // The same device, of which the browser remembers nothing.
  await sales.context().clearCookies();
  await sales.evaluate(() => localStorage.clear());
  await signInStrongly(sales, address, process.env.IMAP_PASSWORD, codes.pop());
  const anew = await write(sales);
  await anew.getByRole("button", { name: "Unlock with a passkey (Laptop, Pocket)" }).click();
  await anew.getByLabel("To", { exact: true }).waitFor();

  // A passphrase that is changed leaves it as it is; who removes it has it no longer.
  await sales.goto(`${origin}/mail/account`);
  await sales.getByRole("button", { name: "Change the passphrase" }).first().click();
  const change = sales.getByRole("dialog", { name: "Change the passphrase" });
  await change.getByLabel("Passphrase or recovery code").fill(NEW_PASSPHRASE);
  await change.getByLabel("New passphrase").fill(PASSPHRASE);
  await change.getByRole("button", { name: "Change the passphrase" }).click();
  await sales.getByText("The passphrase was changed.").waitFor();
  const after = await write(sales);
  await after.getByRole("button", { name: "Unlock with a passkey (Laptop, Pocket)" }).click();
  await after.getByLabel("To", { exact: true }).waitFor();
  await sales.goto(`${origin}/mail/account`);
  for (const name of ["Laptop", "Pocket"]) {
    // One after the other, as a person does.
    // oxlint-disable-next-line no-await-in-loop
    await region("Passkeys that unlock your key").getByRole("button", { name: `Remove the passkey ${name}` }).click();
    // oxlint-disable-next-line no-await-in-loop
    await region("Passkeys that unlock your key").getByText(name).waitFor({ state: "detached" });
  }
  await region("Passkeys that unlock your key").getByText("None yet").waitFor();
  const last = await write(sales);
  await last.getByLabel("Passphrase or recovery code").waitFor();
  assert.equal(await last.getByRole("button", { name: /Unlock with a passkey/ }).count(), 0);
  await unlock(last, PASSPHRASE);
  await last.getByLabel("To", { exact: true }).waitFor();
});

/** A code as the camera sees it, in the middle of a picture. */
function film(code) {
  const rows = encodeQR(code, "raw", { ecc: "medium", border: 4, scale: 6 });
  const [width, height] = [640, 480];
  const luma = Buffer.alloc(width * height, 255);
  const [left, top] = [(width - rows.length) >> 1, (height - rows.length) >> 1];
  for (const [y, row] of rows.entries()) for (const [x, isDark] of row.entries()) luma[(top + y) * width + left + x] = isDark ? 16 : 235;
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((width * height) / 2, 128)]);
  writeFileSync(seen, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]));
}

const picture = (name, buffer) => ({ name, mimeType: name.endsWith(".png") ? "image/png" : "image/gif", buffer });

/** The keys section of the account page, unlocked, where the key of somebody is compared. */
async function compareOnKeysPage(page, passphrase, whose) {
  await page.goto(`${origin}/mail/account`);
  const verified = page.getByRole("region", { name: "Verified keys" });
  await verified.getByRole("button", { name: "Unlock" }).click();
  const looking = page.getByRole("dialog", { name: "Compare a key" });
  await unlock(looking, passphrase);
  await looking.getByLabel("Address", { exact: true }).fill(whose);
  await looking.getByRole("button", { name: "Find" }).click();
  await looking.getByRole("button", { name: `Compare keys with ${whose}` }).click();
  return page.getByRole("dialog", { name: `Compare keys with ${whose}` });
}

const theOther = OTHER_USER.toLowerCase();
const seller = address.toLowerCase();

test("keys are compared by number and code, from both sides", async () => {
  const form = await write(sales);
  await unlock(form, PASSPHRASE);
  await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await form.getByText(`You have not verified the key of ${theOther}.`).waitFor();
  await form.getByRole("button", { name: `Compare keys with ${theOther}` }).click();
  const shown = sales.getByRole("dialog", { name: `Compare keys with ${theOther}` });
  const number = (await shown.getByRole("group", { name: "Number of both keys" }).innerText()).replaceAll(/\s+/g, " ").trim();
  assert.match(number, /^(\d{5} ){11}\d{5}$/);
  const code = await shown.getByRole("img", { name: "The number as a QR code" }).screenshot();
  await accessible(sales, "comparing keys");
  await fitsTelephone(sales, "comparing keys");

  const theirs = await compareOnKeysPage(other, OTHER_PASSPHRASE, seller);
  assert.equal((await theirs.getByRole("group", { name: "Number of both keys" }).innerText()).replaceAll(/\s+/g, " ").trim(), number);
  await theirs.getByRole("button", { name: "Scan their code" }).click();
  await theirs.getByText("Scan the code that the other side shows").waitFor();
  await accessible(other, "scanning a code");
  const choose = (file) => theirs.getByLabel("Choose a picture").setInputFiles(file);
  await choose(picture("none.png", await sales.screenshot({ clip: { x: 0, y: 0, width: 50, height: 50 } })));
  await theirs.getByText("No QR code was found").waitFor();
  await choose(picture("else.gif", Buffer.from(encodeQR("https://far.example", "gif", { scale: 4 }))));
  await theirs.getByText("not of a comparison of keys").waitFor();
  await theirs.getByRole("button", { name: "Scan their code" }).click();
  await choose(picture("wrong.gif", Buffer.from(encodeQR(`TRADEWIND-KEYS:1:${"0".repeat(60)}`, "gif", { scale: 4 }))));
  await theirs.getByText("The code is NOT of the same keys.").waitFor();
  assert.ok(await theirs.getByRole("button", { name: "Both see the same" }).isDisabled());
  await theirs.getByRole("button", { name: "Scan their code" }).click();
  await choose(picture("code.png", code));
  await other.getByText(`The key of ${seller} is verified.`).waitFor();
  await other.getByRole("region", { name: "Verified keys" }).getByText(`You have verified the key of ${seller}`).waitFor();

  // The camera sees the same.
  film(`TRADEWIND-KEYS:1:${number.replaceAll(" ", "")}`);
  await shown.getByRole("button", { name: "Scan their code" }).click();
  await shown.getByRole("button", { name: "Camera" }).click();
  await sales.getByText(`The key of ${theOther} is verified.`).waitFor();
  await form.getByText(`You have verified the key of ${theOther}`).waitFor();
});

test("what was verified is known in another browser, and taken back there", async () => {
  const second = await newPage(opened.browser);
  await signInStrongly(second, OTHER_USER, OTHER_PASSWORD, otherCodes.pop());
  await row(second, "[...]").first().click();
  await second.getByLabel("Passphrase or recovery code").fill(OTHER_PASSPHRASE);
  await second.getByRole("button", { name: "Unlock", exact: true }).click();
  await second.getByText(`You have verified the key of ${seller}`).waitFor();
  await accessible(second, "a message signed with a verified key");
  await second.getByRole("button", { name: `Compare keys with ${seller}` }).click();
  await second.getByRole("button", { name: "Verified no longer" }).click();
  await second.getByText(`You have not verified the key of ${seller}.`).waitFor();
  await second.context().close();
  const again = await compareOnKeysPage(other, OTHER_PASSPHRASE, seller);
  await again.getByRole("button", { name: "Both see the same" }).click();
  await other.getByText(`The key of ${seller} is verified.`).waitFor();
});

test("what the server alters, makes up or rolls back of it counts for nothing, and says so", async () => {
  const [{ list: [{ content: genuine }] }, { list: keys }] = await jmap(sales, [["KeyStatements/get", { ids: null }], ["CryptoKey/get", { ids: null }]]);
  const own = await readKey({ binaryKey: Buffer.from(keys.find(({ custody }) => custody === "owner").certificate, "base64") });
  const { privateKey } = await generateKey({ userIDs: [{ email: seller }], format: "object" });
  const text = `tradewind key statements 1\n${JSON.stringify({ owner: seller, count: Date.now() + 60_000, verified: [{ address: theOther, fingerprint: "0".repeat(40), at: "2026-11-27T10:00:00Z" }], own: [] })}`;
  const forge = async (signer) => encrypt({ message: await createMessage({ text }), encryptionKeys: own, ...signer });
  const at = genuine.indexOf("\n\n") + 200;
  const altered = `${genuine.slice(0, at)}${genuine[at] === "A" ? "B" : "A"}${genuine.slice(at + 1)}`;
  const form = await write(sales);
  await unlock(form, PASSPHRASE);
  const put = (content) => jmap(sales, [["KeyStatements/set", { update: { singleton: { content } } }]]);
  const look = async (says) => {
    await form.getByRole("button", { name: "Close" }).click();
    await sales.getByRole("button", { name: "Write" }).click();
    await sales.getByLabel("Protection").selectOption("end");
    await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
    await form.getByText(says).waitFor();
  };
  for (const [content, says] of [
    [altered, "was altered on the server"],
    [await forge({}), "bears no signature of your key"],
    [await forge({ signingKeys: privateKey }), "bears no signature of your key"],
  ]) {
    // One after the other: they share what the server keeps.
    // oxlint-disable-next-line no-await-in-loop
    await put(content);
    // oxlint-disable-next-line no-await-in-loop
    await look(says);
    // oxlint-disable-next-line no-await-in-loop
    assert.ok(await form.getByRole("button", { name: "Encrypt and send" }).isDisabled(), says);
    // oxlint-disable-next-line no-await-in-loop
    assert.equal(await form.getByText("You have verified").count(), 0, says);
  }
  await accessible(sales, "statements that count for nothing");
  await put(genuine);
  await look(`You have verified the key of ${theOther}`);
  await form.getByRole("button", { name: `Compare keys with ${theOther}` }).click();
  await sales.getByRole("button", { name: "Verified no longer" }).click();
  await form.getByText(`You have not verified the key of ${theOther}.`).waitFor();
  // The earlier state, which is signed, would have the key verified still.
  await put(genuine);
  await look("an older state of what you have said");
  await form.getByRole("button", { name: "Begin anew" }).click();
  await form.getByText(`You have not verified the key of ${theOther}.`).waitFor();
});

test("where the company wants it, mail to colleagues goes end to end unless somebody wants otherwise", async () => {
  // The answer of a server whose organisation is of the level trade.
  await sales.addInitScript(() => {
    const real = window.fetch;
    window.fetch = async (...asked) => {
      const response = await real(...asked);
      if (!String(asked[1]?.body ?? "").includes("RecipientProtection/get")) return response;
      const answer = await response.json();
      for (const [name, told] of answer.methodResponses) {
        if (name === "RecipientProtection/get") for (const one of told.list) one.isEndToEndByDefault = one.offers.includes("end-to-end");
      }
      return Response.json(answer);
    };
  });
  await sales.goto(`${origin}/mail`);
  await sales.getByRole("button", { name: "Write" }).click();
  const usual = sales.getByRole("dialog", { name: "New message" });
  await usual.getByLabel("To", { exact: true }).fill(`${OTHER_USER}, nobody@far.example`);
  await usual.getByText("nobody@far.example:").waitFor();
  assert.equal(await usual.getByText("Your company wants").count(), 0, "not to strangers");
  await usual.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await usual.getByText("Your company wants mail between colleagues end to end").waitFor();
  await accessible(sales, "a message that goes end to end by default");
  await usual.getByRole("button", { name: "Send the usual way" }).click();
  await usual.getByText("goes the usual way, though").waitFor();
  await usual.getByRole("button", { name: "Send end to end" }).click();
  await usual.getByLabel("Subject").fill("By default");
  await sales.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  const form = sales.getByRole("dialog", { name: "New message, end to end" });
  await form.getByLabel("Passphrase or recovery code").fill(PASSPHRASE);
  await form.getByRole("button", { name: "Unlock" }).click();
  await form.getByText(`${OTHER_USER} can read it.`).waitFor();
  assert.equal(await form.getByLabel("Subject").inputValue(), "By default");
  await form.getByRole("button", { name: "Encrypt and send" }).click();
  await sales.getByText("The message was sent, end to end.").waitFor();
});

test("another key of a colleague is told, and one that was withdrawn is used no more", async () => {
  // What a server does that writes the swap into the log: the browser remembers another key.
  await sales.evaluate((address) => {
    const place = Object.keys(localStorage).find((it) => it.startsWith("tradewind.known-keys:"));
    localStorage.setItem(place, JSON.stringify({ ...JSON.parse(localStorage.getItem(place)), [address]: "0".repeat(40) }));
  }, OTHER_USER.toLowerCase());
  const form = await write(sales);
  await form.getByLabel("Passphrase or recovery code").fill(PASSPHRASE);
  await form.getByRole("button", { name: "Unlock" }).click();
  await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await form.getByText("is another than before").waitFor();
  await form.getByRole("button", { name: "Encrypt and send" }).click();
  await form.getByText("Not every recipient can get this message").waitFor();
  await form.getByRole("button", { name: "Use it uncompared" }).click();
  await form.getByText(`${OTHER_USER} can read it.`).waitFor();
  const withdrawn = await post(other, "/api/v1/openpgp-publish", { address: OTHER_USER, on: false });
  assert.equal(withdrawn.status, 200, JSON.stringify(withdrawn));
  await form.getByLabel("To", { exact: true }).fill("");
  await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await form.getByText(`${OTHER_USER} has no key of their own`).waitFor();
});

test("an entry of one's own address with a key that this browser did not make is an alarm", async () => {
  assert.equal((await post(other, "/api/v1/openpgp-make", { address: OTHER_USER })).status, 200);
  const { body } = await post(other, "/api/v1/openpgp-list", { address: OTHER_USER });
  const strange = body.find(({ custody }) => custody === "server").fingerprint;
  const published = await post(other, "/api/v1/openpgp-publish", { address: OTHER_USER, key_id: strange, on: true });
  assert.equal(published.status, 200, JSON.stringify(published));
  const unlockBySearch = async (page) => {
    await page.goto(`${origin}/mail/search?q=pangolin`);
    await page.getByRole("button", { name: "Unlock" }).click();
    await unlock(page.getByRole("dialog"), OTHER_PASSPHRASE);
  };
  await unlockBySearch(other);
  await other.getByText("A key that is not yours was entered").waitFor();
  await other.getByText(strange.match(/.{4}/g).join(" ")).waitFor();
  await accessible(other, "an alarm about one's own entries");
  // What its owner says of it is known in other browsers, too.
  await other.getByRole("button", { name: "This key is mine" }).click();
  await other.getByText("A key that is not yours was entered").waitFor({ state: "detached" });
  const second = await newPage(opened.browser);
  await signInStrongly(second, OTHER_USER, OTHER_PASSWORD, otherCodes.pop());
  const asked = second.waitForResponse((response) => response.request().postData()?.includes("DirectoryKey/get"));
  await unlockBySearch(second);
  await asked;
  await second.getByText("message found").waitFor();
  assert.equal(await second.getByText("A key that is not yours was entered").count(), 0);
  await second.context().close();
});

test("a key in place of a verified one is warned of more than any other", async () => {
  const to = async (action, fingerprint, more = {}) => assert.equal((await post(other, `/api/v1/${action}`, { address: OTHER_USER, key_id: fingerprint, ...more })).status, 200);
  const { body } = await post(other, "/api/v1/openpgp-list", { address: OTHER_USER });
  const first = body.find(({ custody }) => custody === "owner").fingerprint;
  await to("openpgp-publish", first, { on: true });
  const form = await write(sales);
  await unlock(form, PASSPHRASE);
  await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await form.getByRole("button", { name: `Compare keys with ${theOther}` }).click();
  await sales.getByRole("button", { name: "Both see the same" }).click();
  await form.getByText(`You have verified the key of ${theOther}`).waitFor();
  await form.getByText(`${theOther} can read it.`).waitFor();

  await to("openpgp-retire", first);
  secret(await makeKey(other, OTHER_PASSPHRASE));
  await form.getByLabel("To", { exact: true }).fill("");
  await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await form.getByText("This is NOT the key that you verified").waitFor();
  assert.equal(await form.getByRole("button", { name: "Use it uncompared" }).count(), 0);
  await accessible(sales, "a key in place of a verified one");
  await form.getByRole("button", { name: "Encrypt and send" }).click();
  await form.getByText("Not every recipient can get this message").waitFor();
  // So it is on the page of keys.
  await sales.goto(`${origin}/mail/account`);
  const verified = sales.getByRole("region", { name: "Verified keys" });
  await verified.getByRole("button", { name: "Unlock" }).click();
  await unlock(sales.getByRole("dialog", { name: "Compare a key" }), PASSPHRASE);
  await sales.getByRole("dialog", { name: "Compare a key" }).getByRole("button", { name: "Close" }).click();
  await verified.getByText("This is NOT the key that you verified").waitFor();
  await accessible(sales, "verified keys");
  await fitsTelephone(sales, "verified keys");
});

test("signing out takes the index away", async () => {
  await other.goto(`${origin}/mail`);
  assert.ok((await other.evaluate(() => indexedDB.databases())).some(({ name }) => name === "tradewind-encrypted-search"));
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.waitForURL(/\/sign-in/);
  assert.ok(!(await other.evaluate(() => indexedDB.databases())).some(({ name }) => name === "tradewind-encrypted-search"));
});
