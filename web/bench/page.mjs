// How fast the page is before a running server whose inbox is full: bench web. Prints a line of a table for each measurement, or for those
// that are named.
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { newPage, open, origin, signIn } from "../tests/browser.mjs";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const OPENED = Number(process.env.BENCH_OPENED ?? 1000);
const RUNS = 5;
const MESSAGES = 40;
/** A task that lets nobody type (Long Tasks API). */
const LONG_MS = 50;

const note = (text) => process.stderr.write(`${text}\n`);
const lines = [];
function tell(what, values, unit, goal) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const shown = (value) => (value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value).toLocaleString("en"));
  lines.push(`| ${what} | ${shown(at(0.5))} ${unit} | ${shown(at(0.95))} ${unit} | ${shown(sorted.at(-1) ?? 0)} ${unit} | ${goal} ${unit} | ${at(0.95) <= goal ? "yes" : "**no**"} |`);
  note(lines.at(-1));
}

/** Waits in the page, picture by picture, until rows with words are drawn; gives the time since the page was asked for. */
const untilRows = () =>
  new Promise((resolve) => {
    const look = () => {
      const row = [...document.querySelectorAll("[role=row]")].find((it) => it.textContent.trim().length > 10);
      if (row) requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0));
      else requestAnimationFrame(look);
    };
    look();
  });

async function loading(browser, state) {
  const times = [];
  let scripts = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const page = await newPage(browser, { storageState: state });
    await page.goto(`${origin}/mail`, { waitUntil: "commit" });
    times.push(await page.evaluate(untilRows));
    const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname).filter((name) => name.endsWith(".js")));
    scripts = names.reduce((sum, name) => sum + statSync(`${join(dist, name.replace("/app/", ""))}.gz`).size, 0);
    await page.context().close();
  }
  tell("script loaded until the list is shown (gzip)", [scripts / 1024], "KiB", 250);
  tell("from the address to the list, nothing in the cache", times, "ms", 1500);
}

async function lists(browser, state) {
  const times = [];
  for (let run = 0; run < RUNS; run += 1) {
    const page = await newPage(browser, { storageState: state });
    await page.goto(`${origin}/mail/box/drafts`);
    await page.getByText("Nothing here.").waitFor();
    const inbox = page.getByRole("link", { name: /^Inbox/ }).first();
    await inbox.evaluate((it) => it.addEventListener("click", () => { globalThis.clicked = performance.now(); }, { capture: true }));
    await inbox.click();
    times.push((await page.evaluate(untilRows)) - (await page.evaluate(() => globalThis.clicked)));
    if (run === 0) note(await page.getByText(/conversations/).first().textContent());
    await page.context().close();
  }
  tell("from a click to the list of the full inbox", times, "ms", 300);
}

/** Clicks a row, or what `press` names, and waits until the message that is asked for is drawn. */
const opening = (index) =>
  new Promise((resolve) => {
    const before = document.querySelector("[data-thread]")?.getAttribute("data-thread");
    const start = performance.now();
    if (index === "next") document.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
    else {
      const row = document.querySelector(`[role=row][aria-rowindex="${index}"]`);
      row.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
      row.click();
    }
    const look = () => {
      const shown = document.querySelector("[data-thread]");
      const frame = shown?.querySelector("iframe");
      const isThere = shown && shown.getAttribute("data-thread") !== before && (frame?.contentDocument?.body?.textContent ?? "").length > 20;
      if (isThere) requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start), 0));
      else if (performance.now() - start > 10_000) resolve(10_000);
      else requestAnimationFrame(look);
    };
    look();
  });

async function reading(browser, state) {
  const page = await newPage(browser, { storageState: state });
  await page.goto(`${origin}/mail`);
  await page.evaluate(untilRows);
  const clicks = [];
  const keys = [];
  // Here and there, each far from what was read before.
  for (let index = 0; index < MESSAGES; index += 1) {
    const at = 3 + index * 7;
    await page.evaluate((by) => document.querySelector("[role=grid]").scrollTo(0, by), 62 * (at - 3));
    await page.waitForFunction((number) => (document.querySelector(`[role=row][aria-rowindex="${number}"]`)?.textContent ?? "").length > 20, at);
    await page.waitForTimeout(250);
    clicks.push(await page.evaluate(opening, at));
  }
  for (let index = 0; index < MESSAGES; index += 1) {
    await page.waitForTimeout(250);
    keys.push(await page.evaluate(opening, "next"));
  }
  tell("from a click on any message to its text", clicks, "ms", 100);
  tell("from the key for the next message to its text", keys, "ms", 100);
  await page.context().close();
}

async function typing(browser, state) {
  const page = await newPage(browser, { storageState: state });
  await page.goto(`${origin}/mail`);
  await page.evaluate(untilRows);
  await page.getByRole("button", { name: "Write" }).click();
  await page.getByRole("textbox", { name: "Text" }).click();
  await page.waitForTimeout(1000);
  await page.evaluate((long) => {
    globalThis.tasks = [];
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => globalThis.tasks.push(duration))).observe({ type: "longtask" });
    globalThis.keys = [];
    new PerformanceObserver((list) => list.getEntries().filter(({ name }) => name === "keydown").forEach(({ duration }) => globalThis.keys.push(duration))).observe({ type: "event", durationThreshold: 16 });
    globalThis.long = long;
  }, LONG_MS);
  await page.keyboard.type("The quick brown fox jumps over the lazy dog. ".repeat(8), { delay: 25 });
  await page.keyboard.type("今天出货，请确认。".repeat(10), { delay: 25 });
  const tasks = await page.evaluate(() => globalThis.tasks);
  tell("longest task while 450 letters are typed", [Math.max(0, ...tasks)], "ms", LONG_MS);
  await page.context().close();
}

async function memory(browser, state) {
  const page = await newPage(browser, { storageState: state });
  await page.goto(`${origin}/mail`);
  await page.evaluate(untilRows);
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const { nodes } = await session.send("Memory.getDOMCounters");
    return { mib: usedSize / 2 ** 20, nodes };
  };
  await page.getByRole("row").nth(1).click();
  await page.locator("iframe").waitFor();
  let early;
  for (let index = 1; index <= OPENED; index += 1) {
    const before = await page.locator("[data-thread]").getAttribute("data-thread");
    await page.keyboard.press("j");
    await page.waitForFunction((id) => {
      const shown = document.querySelector("[data-thread]");
      return shown && shown.getAttribute("data-thread") !== id && (shown.querySelector("iframe")?.contentDocument?.body?.textContent ?? "").length > 20;
    }, before);
    if (index === Math.min(100, OPENED / 2)) early = await used();
  }
  const late = await used();
  note(`${early.mib.toFixed(1)} MiB, ${early.nodes} nodes; then ${late.mib.toFixed(1)} MiB, ${late.nodes} nodes`);
  tell(`growth of memory from 100 to ${OPENED} opened messages`, [Math.max(0, late.mib - early.mib)], "MiB", 5);
  await page.context().close();
}

const opened = await open();
try {
  const first = await newPage(opened.browser);
  await signIn(first);
  const state = await first.context().storageState();
  await first.context().close();
  const only = process.argv.slice(2);
  for (const measure of [loading, lists, reading, typing, memory]) {
    if (only.length === 0 || only.includes(measure.name)) await measure(opened.browser, state);
  }
  process.stdout.write(`${["| what | median | 95 % | longest | goal | met |", "| --- | ---: | ---: | ---: | ---: | --- |", ...lines].join("\n")}\n`);
} finally {
  await opened.close();
}
