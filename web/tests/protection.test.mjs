// What protects a message, before it is sent and when it came.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encodeQR } from "qr";
import { accessible, address, fitsTelephone, jmap, newPage, open, origin, row, signIn } from "./browser.mjs";
import { enrol, makeKey } from "./keys.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

async function write(to) {
  await page.goto(`${origin}/mail`);
  await page.getByRole("button", { name: "Write" }).click();
  const composer = page.getByRole("dialog", { name: "New message" });
  await composer.getByLabel("To", { exact: true }).fill(to);
  return composer;
}

test("the server tells what will protect a message to each recipient", async () => {
  const ids = ["bo@strict.example", "bo@tls.example", "bo@below.tls.example", "one@tls.example", "bo@free.example", address, "no address"];
  const [told, portal, wrong] = await jmap(page, [
    ["RecipientProtection/get", { ids }],
    ["RecipientProtection/get", { ids: ["bo@strict.example"], intent: "portal" }],
    ["RecipientProtection/get", { ids: [], intent: "secret" }],
  ]);
  const of = (id) => told.list.find((it) => it.id === id);
  assert.deepEqual(told.notFound, ["no address"]);
  assert.equal(of("bo@strict.example").protection, "kept-back");
  assert.deepEqual([of("bo@strict.example").hindrance, of("bo@strict.example").offers], ["not-protected", ["portal"]]);
  for (const id of ["bo@tls.example", "bo@below.tls.example"]) {
    assert.equal(of(id).protection, "verified-tls");
    assert.deepEqual([of(id).connection.voucher, of(id).connection.basis], ["rule", "rule"]);
  }
  // The rule of an address goes before that of its domain.
  assert.equal(of("one@tls.example").protection, "kept-back");
  assert.deepEqual([of("bo@free.example").protection, of("bo@free.example").connection.basis], ["opportunistic-tls", "unknown"]);
  assert.deepEqual([of(address).protection, of(address).connection], ["here", null]);
  assert.equal(portal.list[0].protection, "portal");
  assert.equal(wrong.type, "invalidArguments");
  assert.match(wrong.description, /secret.*portal/);
});

test("compose shows it, warns, and offers what would work", async () => {
  const composer = await write(`bo@tls.example, bo@free.example, ${address}`);
  const told = composer.getByRole("region", { name: "What protects the message" });
  await told.getByText("encrypted on the way, to a server that proves itself (our rule).").waitFor();
  await told.getByText("Nothing is known of their server yet.").waitFor();
  await told.getByText("stays on this server.").waitFor();
  assert.equal(await composer.getByRole("alert").count(), 0);
  await composer.getByLabel("To", { exact: true }).fill("bo@tls.example, bo@strict.example");
  await composer.getByText("The message would not be sent to 1 recipient.").waitFor();
  assert.equal(await told.locator("li").first().getAttribute("data-protection"), "kept-back", "what is kept back comes first");
  await accessible(page, "what protects a message");
  await fitsTelephone(page, "what protects a message");
  // What is offered would work for all who are kept back; by the keyboard.
  await told.getByRole("button", { name: "Send by the portal" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "New encrypted message" }).waitFor();
});

test("what is kept back is refused when it is sent all the same, in words", async () => {
  const composer = await write("bo@strict.example");
  await composer.getByLabel("Subject").fill("Kept");
  const kept = page.getByRole("dialog", { name: "Kept" });
  await kept.getByText("The message would not be sent to 1 recipient.").waitFor();
  await kept.getByRole("button", { name: "Send", exact: true }).click();
  await kept.getByText("must go by the portal").waitFor();
});

// Subject, result, what the reader is told.
const CASES = [
  ["Case signed", "pass", "Signed by Li, and not altered since."],
  ["Case altered", "fail", "Altered after it was signed: what is written here is not what Li signed."],
  ["Case stripped", "fail", "Says that it is signed, and bears no signature: it may have been taken away."],
  ["Case another", "fail", "Signed by Li, who is not the author that the message shows."],
  ["Case untrusted", "policy", "Signed by Mo, for whom no authority vouches that your organisation believes."],
  ["Case expired", "policy", "Signed by Old with a key or certificate that had expired when it came."],
  ["Case revoked", "policy", "Signed by Gone with a key or certificate that was revoked: it may be in wrong hands."],
  ["Case pgp good", "pass", "Signed by ana@partner.example, and not altered since."],
  ["Case pgp broken", "fail", "Altered after it was signed: what is written here is not what ana@partner.example signed."],
  ["Case pgp stripped", "fail", "Says that it is signed, and bears no signature: it may have been taken away."],
  ["Case pgp stranger", "none", "Signed with a key that is not known here"],
];

test("what was found of a message when it came is told in words", async () => {
  const [query, got, boxes] = await jmap(page, [
    ["Email/query", { filter: { subject: "Case" } }], ["Email/get", { ids: null, properties: ["subject"] }], ["Mailbox/get", { ids: null, properties: ["role"] }],
  ]);
  const inbox = boxes.list.find(({ role }) => role === "inbox").id;
  const update = Object.fromEntries(query.ids.map((id) => [id, { mailboxIds: { [inbox]: true } }]));
  const [told] = await jmap(page, [["MessageProtection/get", { ids: query.ids }], ["Email/set", { update }]]);
  const of = (subject) => told.list.find((it) => it.id === got.list.find((mail) => mail.subject === subject)?.id);
  for (const [subject, result, words] of CASES) {
    assert.equal(of(subject)?.signatures[0]?.result, result, `${subject}: ${JSON.stringify(of(subject))}`);
    await page.goto(`${origin}/mail`);
    await row(page, subject).click();
    const note = page.getByRole("region", { name: "Signature and encryption" });
    await note.getByText(words).waitFor();
    assert.equal(await note.locator("li").first().getAttribute("data-result"), result);
  }
  const signed = of("Case signed");
  assert.deepEqual([signed.smimeStatusAtDelivery, signed.signatures[0].issuer, signed.signatures[0].fromMatches], ["signed/verified", "Far CA", true]);
  assert.equal(of("Case another").signatures[0].fromMatches, false);
  // Who certified it, and until when, is a press away.
  await page.goto(`${origin}/mail`);
  await row(page, "Case signed").click();
  const note = page.getByRole("region", { name: "Signature and encryption" });
  await note.getByText("Signed by Li, and not altered since.").click();
  await note.getByText("Far CA").waitFor();
  await accessible(page, "a signature");
  await fitsTelephone(page, "a signature");
  assert.deepEqual(page.wrongs, []);
});

test("it is told in Chinese, too", async () => {
  await page.goto(`${origin}/mail?lang=zh-CN`);
  await row(page, "Case another").click();
  await page.getByText("由 Li 签名，但此人并非邮件所显示的发件人，请勿当作发件人的邮件。").waitFor();
  await page.getByRole("button", { name: "写邮件" }).click();
  await page.getByRole("dialog", { name: "新邮件" }).getByRole("combobox").first().fill("bo@strict.example");
  await page.getByText("邮件将不会发送给 1 位收件人。").waitFor();
  await page.getByRole("button", { name: "改用门户发送" }).waitFor();
});

test("the key of a partner is verified by its fingerprint, and told above mail and beside recipients", async () => {
  await page.goto(`${origin}/mail?lang=en`);
  await enrol(page);
  // As of a company whose rule has mail to this partner encrypted.
  await page.addInitScript(() => {
    const real = window.fetch;
    window.fetch = async (...asked) => {
      const response = await real(...asked);
      if (!String(asked[1]?.body ?? "").includes("RecipientProtection/get")) return response;
      const answer = await response.json();
      for (const [name, told] of answer.methodResponses) if (name === "RecipientProtection/get") for (const one of told.list) one.protection = "openpgp";
      return Response.json(answer);
    };
  });
  await makeKey(page, "numbat Thicket fourteen");
  const [{ list: [{ currentFingerprint }] }] = await jmap(page, [["CorrespondentKey/get", { ids: ["ana@partner.example"] }]]);
  await row(page, "Case pgp good").click();
  const note = page.getByRole("region", { name: "Signature and encryption" });
  await note.getByText("You have not verified the key of ana@partner.example.").waitFor();
  await note.getByRole("button", { name: "Compare keys with ana@partner.example" }).click();
  const comparison = page.getByRole("dialog", { name: "Compare keys with ana@partner.example" });
  await comparison.getByRole("button", { name: "Scan their code" }).click();
  const show = (fingerprint) => comparison.getByLabel("Choose a picture").setInputFiles({ name: "code.gif", mimeType: "image/gif", buffer: Buffer.from(encodeQR(`OPENPGP4FPR:${fingerprint}`, "gif", { scale: 4 })) });
  await show("0".repeat(40));
  await comparison.getByText("The code is NOT of the same keys.").waitFor();
  await comparison.getByRole("button", { name: "Scan their code" }).click();
  await show(currentFingerprint);
  await note.getByText("You have verified the key of ana@partner.example").waitFor();
  await accessible(page, "a signature of a verified partner");
  await page.getByRole("button", { name: "Write" }).click();
  const composer = page.getByRole("dialog", { name: "New message" });
  await composer.getByLabel("To", { exact: true }).fill("ana@partner.example");
  await composer.getByText("You have verified the key of ana@partner.example").waitFor();
  await accessible(page, "a recipient whose key is verified");
});
