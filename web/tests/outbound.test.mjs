// What the company's rules say of a message before it is sent, in English and Chinese.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, fitsTelephone, jmap, newPage, open, origin, signIn } from "./browser.mjs";

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
});

after(() => opened?.close());

const WORDS = {
  en: { lang: "en", body: "Text", write: "Write", to: "To", subject: "Subject", send: "Send", rules: "What the company’s rules say" },
  zh: { lang: "zh-CN", body: "正文", write: "写邮件", to: "收件人", subject: "主题", send: "发送", rules: "公司规则的提示" },
};

async function write(page, words, subject, text) {
  await page.goto(`${origin}/mail?lang=${words.lang}`);
  await page.getByRole("button", { name: words.write }).first().click();
  const composer = page.getByRole("dialog").last();
  await composer.getByLabel(words.to, { exact: true }).fill("bo@far.example");
  await composer.getByLabel(words.subject, { exact: true }).fill(subject);
  await composer.getByRole("textbox", { name: words.body, exact: true }).click();
  await page.keyboard.type(text);
  return composer;
}

const panel = (page, words) => page.getByRole("region", { name: words.rules });

test("a reason is asked for, kept, and the message goes", async () => {
  const composer = await write(page, WORDS.en, "Card", "My card is 4111 1111 1111 1111.");
  // It is told while it is written, without a press.
  const told = panel(page, WORDS.en);
  await told.getByText("A rule asks for a reason for this message.").waitFor();
  await told.getByText("payment card number in the text (41").waitFor();
  await accessible(page, "a rule that asks for a reason");
  await fitsTelephone(page, "a rule that asks for a reason");
  const go = told.getByRole("button", { name: "Send with this reason" });
  assert.equal(await go.isDisabled(), true);
  await told.getByLabel("Reason").fill("the hotel asked");
  await go.click();
  await composer.waitFor({ state: "detached" });
  const [, sent] = await jmap(page, [["Email/query", { filter: { subject: "Card" } }], ["Email/get", { ids: null, properties: ["subject", "header:X-Tradewind-Override:asText"] }]]);
  assert.ok(sent.list.some((it) => it["header:X-Tradewind-Override:asText"] === "the hotel asked"), JSON.stringify(sent.list));
});

test("what is blocked cannot be sent", async () => {
  await write(page, WORDS.en, "Identity", "身份证号 11010519491231002X");
  await page.getByRole("dialog").last().getByRole("button", { name: "Send", exact: true }).click();
  const told = panel(page, WORDS.en);
  await told.getByText("A rule does not allow this message to be sent.").waitFor();
  assert.equal(await told.getByRole("button").count(), 0);
});

test("a warning is confirmed in Chinese, and approval asked for", async () => {
  const chinese = await newPage(opened.browser, { locale: "zh-CN" });
  await signIn(chinese);
  const composer = await write(chinese, WORDS.zh, "询问", "请见附件报价单");
  await composer.getByRole("button", { name: WORDS.zh.send, exact: true }).click();
  const told = panel(chinese, WORDS.zh);
  await told.getByText("有规则要求您确认这封邮件。").waitFor();
  await told.getByText("词表中的词语 在正文中").waitFor();
  await accessible(chinese, "a warning in Chinese");
  await told.getByRole("button", { name: "仍要发送" }).click();
  await composer.waitFor({ state: "detached" });
  const contract = await write(chinese, WORDS.zh, "合同", "合同已签");
  await contract.getByRole("button", { name: WORDS.zh.send, exact: true }).click();
  await panel(chinese, WORDS.zh).getByText("finance@trade.test").waitFor();
  await panel(chinese, WORDS.zh).getByRole("button", { name: "提交审批" }).click();
  await contract.waitFor({ state: "detached" });
  await chinese.goto(`${origin}/mail/account?lang=zh-CN`);
  await chinese.getByRole("region", { name: "审批" }).getByText("等待：finance@trade.test").waitFor();
  assert.deepEqual(chinese.wrongs, []);
});
