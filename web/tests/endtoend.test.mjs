// End to end between colleagues: two browsers make keys, one writes, the other reads; and what is refused. What must be found nowhere on the server
// is written to the file that END_SECRETS names.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, address, fitsTelephone, newPage, open, origin, row, signIn } from "./browser.mjs";

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

before(async () => {
  opened = await open();
  sales = await newPage(opened.browser);
  other = await newPage(opened.browser);
  await signIn(sales);
  await signIn(other, OTHER_USER, OTHER_PASSWORD);
  for (const text of [SUBJECT, TEXT, "tapir-content", PASSPHRASE, NEW_PASSPHRASE, OTHER_PASSPHRASE]) secret(text);
});

after(() => opened?.close());

/** RFC 6238 with its usual values. */
function codeOf(secret) {
  const bits = [...secret.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => Number.parseInt(octet, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const post = (page, path, body) =>
  page.evaluate(async ([path, body]) => {
    const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }, [path, body]);

/** Gives somebody an authenticator app, which counts as shown. */
async function enrol(page) {
  const begun = await post(page, "/api/account/factors/begin", { kind: "totp", label: "Telephone" });
  assert.equal(begun.status, 200, JSON.stringify(begun));
  const done = await post(page, "/api/account/factors/finish", { kind: "totp", challenge: begun.body.challenge, code: codeOf(begun.body.secret) });
  assert.equal(done.status, 200, JSON.stringify(done));
}

/** The form that encrypts end to end. */
async function write(page) {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  await page.getByLabel("Protection").selectOption("end");
  return page.getByRole("dialog", { name: "New message, end to end" });
}

async function makeKey(page, passphrase) {
  const form = await write(page);
  await form.getByLabel("New passphrase").fill("short");
  await form.getByRole("button", { name: "Make my key" }).click();
  await form.getByText("at least 12 characters").waitFor();
  await accessible(page, "making a key");
  await form.getByLabel("New passphrase").fill(passphrase);
  await form.getByRole("button", { name: "Make my key" }).click();
  const recovery = await form.getByLabel("Recovery code").innerText();
  assert.match(recovery, /^([a-z2-9]{4}-){7}[a-z2-9]{4}$/);
  await form.getByRole("button", { name: "I have kept it" }).click();
  await form.getByRole("button", { name: "Enter my key into the directory" }).click();
  await form.getByLabel("To", { exact: true }).waitFor();
  await form.getByRole("button", { name: "Close" }).click();
  secret(recovery);
  return recovery;
}

async function downloaded(page, click) {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

let recovery;
let salesRecovery;

test("each makes a key, and enters it by a strong factor", async () => {
  for (const page of [sales, other]) await enrol(page);
  salesRecovery = await makeKey(sales, PASSPHRASE);
  recovery = await makeKey(other, OTHER_PASSPHRASE);
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
  await form.getByLabel("Passphrase or recovery code").fill(NEW_PASSPHRASE);
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
  await form.getByLabel("Passphrase or recovery code").fill(NEW_PASSPHRASE);
  await form.getByRole("button", { name: "Unlock" }).click();
  await form.getByLabel("To", { exact: true }).fill(OTHER_USER);
  await form.getByText("is another than before").waitFor();
  await form.getByRole("button", { name: "Encrypt and send" }).click();
  await form.getByText("Not every recipient can get this message").waitFor();
  await form.getByRole("button", { name: "I have compared it" }).click();
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
  const unlock = async () => {
    await other.goto(`${origin}/mail/search?q=pangolin`);
    await other.getByRole("button", { name: "Unlock" }).click();
    await other.getByLabel("Passphrase or recovery code").fill(OTHER_PASSPHRASE);
    await other.getByRole("dialog").getByRole("button", { name: "Unlock" }).click();
  };
  await unlock();
  await other.getByText("A key that is not yours was entered").waitFor();
  await other.getByText(strange.match(/.{4}/g).join(" ")).waitFor();
  await accessible(other, "an alarm about one's own entries");
});

test("signing out takes the index away", async () => {
  await other.goto(`${origin}/mail`);
  assert.ok((await other.evaluate(() => indexedDB.databases())).some(({ name }) => name === "tradewind-encrypted-search"));
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.waitForURL(/\/sign-in/);
  assert.ok(!(await other.evaluate(() => indexedDB.databases())).some(({ name }) => name === "tradewind-encrypted-search"));
});
