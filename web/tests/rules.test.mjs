// Rules and the automatic reply.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, fitsTelephone, newPage, open, origin, signIn } from "./browser.mjs";

let opened;
let page;
let offered;

/** A test of what a server with rules offers. */
const withRules = (name, work) => test(name, (t) => (offered ? work() : t.skip("this server has no rules")));

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
  offered = await page.evaluate(async () => "urn:tradewind:params:jmap:rules" in (await (await fetch("/.well-known/jmap")).json()).capabilities);
});

after(() => opened?.close());

const section = (name) => page.getByRole("region", { name });

withRules("a rule is made, and says what is missing", async () => {
  await page.goto(`${origin}/mail`);
  await page.getByRole("link", { name: "Rules and automatic reply" }).click();
  await section("Rules").getByText("There is no rule yet.").waitFor();
  await accessible(page, "no rules");
  await section("Rules").getByRole("button", { name: "New rule" }).click();
  const form = page.getByRole("form", { name: "New rule" });
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("Give the rule a name.").waitFor();
  await form.getByLabel("Name", { exact: true }).fill("海关 notices");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("Say what is looked for.").waitFor();
  await form.getByLabel("How", { exact: true }).selectOption("domainIs");
  await form.getByLabel("Texts, one in each line; one is enough").fill("customs.test\n海关.test");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("Choose a folder.").waitFor();
  await form.getByLabel("Folder", { exact: true }).selectOption({ label: "Archive" });
  await form.getByRole("button", { name: "Add an action" }).click();
  await accessible(page, "a rule");
  await fitsTelephone(page, "a rule");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).waitFor();
  await section("Rules").getByText("海关 notices").waitFor();
});

withRules("rules are kept, ordered, switched off and deleted", async () => {
  await section("Rules").getByRole("button", { name: "New rule" }).click();
  const form = page.getByRole("form", { name: "New rule" });
  await form.getByLabel("Name", { exact: true }).fill("Large");
  await form.getByLabel("What is looked at").selectOption("size");
  await form.getByLabel("Megabytes").fill("5");
  await form.getByLabel("What is done").selectOption("flag");
  await form.getByRole("button", { name: "Save" }).click();
  await section("Rules").getByText("Large").waitFor();
  await section("Rules").getByRole("button", { name: "Move Large up" }).click();
  await section("Rules").getByRole("listitem").first().getByText("Large").waitFor();
  await page.reload();
  await section("Rules").getByRole("listitem").first().getByText("Large").waitFor();
  await section("Rules").getByRole("checkbox", { name: "Large" }).click();
  await page.reload();
  await section("Rules").getByText("Large").waitFor();
  assert.equal(await section("Rules").getByRole("checkbox", { name: "Large" }).isChecked(), false);
  await section("Rules").getByRole("button", { name: "Delete Large" }).click();
  await section("Rules").getByText("Large").waitFor({ state: "detached" });
  await section("Rules").getByRole("button", { name: "Change 海关 notices" }).click();
  assert.equal(await page.getByLabel("Texts, one in each line; one is enough").inputValue(), "customs.test\n海关.test");
});

withRules("an automatic reply is kept", async () => {
  const reply = section("Automatic reply");
  await reply.getByLabel("Reply automatically").check();
  await reply.getByRole("button", { name: "Save" }).click();
  await reply.getByText("Write what is to be replied.").waitFor();
  await reply.getByLabel("Text").fill("我在休假。I am away.");
  await reply.getByLabel("Subject").fill("Away");
  await reply.getByLabel("From", { exact: true }).fill("2026-12-01T08:00");
  await reply.getByLabel("until").fill("2026-11-01T08:00");
  await reply.getByRole("button", { name: "Save" }).click();
  await reply.getByText("The end must be after the beginning.").waitFor();
  await reply.getByLabel("until").fill("2026-12-24T18:00");
  await reply.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).last().waitFor();
  await page.reload();
  await reply.getByLabel("Reply automatically").waitFor();
  assert.equal(await reply.getByLabel("Reply automatically").isChecked(), true);
  assert.equal(await reply.getByLabel("Text").inputValue(), "我在休假。I am away.");
  assert.equal(await reply.getByLabel("until").inputValue(), "2026-12-24T18:00");
  await accessible(page, "the automatic reply");
  await fitsTelephone(page, "the automatic reply");
});

test("nothing went wrong on the way", () => assert.deepEqual(page.wrongs, []));
