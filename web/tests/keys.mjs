// Keys of the browser, made and unlocked as their owners do.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { accessible, origin } from "./browser.mjs";

/** RFC 6238 with its usual values. */
export function codeOf(secret, at = Date.now()) {
  const bits = [...secret.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => Number.parseInt(octet, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** What the API answers, asked from within the page. */
export const post = (page, path, body) =>
  page.evaluate(async ([path, body]) => {
    const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }, [path, body]);

/** Gives somebody an authenticator app, which counts as shown. Gives recovery codes. */
export async function enrol(page) {
  const begun = await post(page, "/api/account/factors/begin", { kind: "totp", label: "Telephone" });
  assert.equal(begun.status, 200, JSON.stringify(begun));
  const done = await post(page, "/api/account/factors/finish", { kind: "totp", challenge: begun.body.challenge, code: codeOf(begun.body.secret) });
  assert.equal(done.status, 200, JSON.stringify(done));
  return done.body.recovery_codes;
}

/** In a form that asks for it. */
export async function unlock(form, given) {
  await form.getByLabel("Passphrase or recovery code").fill(given);
  await form.getByRole("button", { name: "Unlock", exact: true }).click();
}

/** The form that encrypts end to end. */
export async function write(page) {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  await page.getByLabel("Protection").selectOption("end");
  return page.getByRole("dialog", { name: "New message, end to end" });
}

/** Makes a key and enters it into the directory; gives the recovery code. */
export async function makeKey(page, passphrase) {
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
  return recovery;
}
