// What the tests of the console have in common: who looks, where he goes, and how a screen is looked at.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { accessible, fitsTelephone, isNarrow, newPage, origin, signIn } from "./browser.mjs";
import { enrol } from "./keys.mjs";
import { misplaced } from "./layout.mjs";

/** A step that waits longer has failed. */
const STEP_MS = 15_000;

/** A page of somebody who has signed in and shown a strong factor. */
export async function enter(browser, user, password) {
  const page = await newPage(browser);
  await signIn(page, user, password);
  await enrol(page);
  page.setDefaultTimeout(STEP_MS);
  return page;
}

export const dialog = (page, name) => page.getByRole("dialog", { name, exact: true });
export const region = (page, name) => page.getByRole("region", { name, exact: true });
export const heading = (page, name) => page.getByRole("heading", { level: 1, name });
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const places = (page) => page.getByRole("navigation", { name: "Places" });

/** What the page says of what was just done. */
export const status = (page, text) => page.getByRole("status").getByText(text).first().waitFor();

export const press = (page, name) => button(page, name).click();

/** Opens a place of the console. */
export async function go(page, place) {
  await page.goto(`${origin}/console${place}`);
  await places(page).waitFor();
}

/** Does something in the dialog that a button opens. */
export async function within(page, name, work) {
  await press(page, name);
  await work(dialog(page, name));
}

/** Presses a button, and the same in the dialog that asks whether it is meant. */
export const sure = (page, name) => within(page, name, (it) => press(it, name));

/** Until everything that is asked for is there. */
export async function settled(page) {
  // What was just done is drawn, and has asked for what it needs.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await page.waitForFunction(() => !document.querySelector("[aria-busy=true]") && !/Loading|正在加载/.test(document.querySelector("main")?.innerText ?? ""));
}

/** Looks at a screen in both sizes and themes. */
export async function look(page, what) {
  await settled(page);
  await accessible(page, what);
  assert.deepEqual(await page.evaluate(misplaced), [], what);
  await fitsTelephone(page, what);
}

/** The files that something gives to keep, by name. */
export async function files(page, count, work) {
  const found = {};
  const all = new Promise((resolve) => {
    const take = async (download) => {
      found[download.suggestedFilename()] = Buffer.concat(await (await download.createReadStream()).toArray());
      if (Object.keys(found).length === count) {
        page.off("download", take);
        resolve(found);
      }
    };
    page.on("download", take);
  });
  await work();
  return all;
}

/** The one file that something gives to keep. */
export async function saved(page, work) {
  return Object.values(await files(page, 1, work))[0];
}

/** Names of all texts of the console, but for those that rights have as well. */
const names = (() => {
  const place = new URL("../src/console/", import.meta.url);
  const catalogues = readdirSync(place, { recursive: true }).filter((file) => file.endsWith("en.json")).map((file) => JSON.parse(readFileSync(new URL(file, place), "utf8")));
  const all = catalogues.flatMap((catalogue) => Object.entries(catalogue).flatMap(([above, texts]) => Object.keys(texts).map((name) => `${above}.${name}`)));
  const rights = new Set(catalogues.flatMap(({ right = {} }) => Object.keys(right).map((name) => name.replace("-", "."))));
  return new Set(all.filter((name) => !rights.has(name)));
})();

/** In Chinese no place shows the name of a text where the text should be, and each is as narrow as it must be. */
export async function hasChinese(page, all) {
  for (const place of all) {
    await page.goto(`${origin}/console${place}${place.includes("?") ? "&" : "?"}lang=zh-CN`);
    await page.getByRole("navigation", { name: "栏目" }).waitFor();
    await settled(page);
    const text = await page.evaluate(() => document.body.innerText);
    assert.deepEqual((text.match(/[a-z]+\.[\w-]+/g) ?? []).filter((word) => names.has(word)), [], place);
    await isNarrow(page, `${place} in Chinese`);
  }
}

/** Nothing went wrong in the page but what the server refused on purpose, which is told by its status. */
export function nothingWrong(...pages) {
  for (const page of pages) assert.deepEqual(page.wrongs.filter((it) => !/status of 4\d\d/.test(it)), []);
}
