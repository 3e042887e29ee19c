// Every screen and dialog: accessible in both themes and languages, whole in a narrow window, when magnified and from right to left, and
// within reach of the keyboard alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { address, findings, mail, makeLabels, newPage, open, origin, put, row, signIn } from "./browser.mjs";
import { misplaced, unreachable } from "./layout.mjs";

const LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };
/** A window of 1280 by 800 at 200 %. */
const MAGNIFIED = { width: 640, height: 400 };

/** How each screen is looked at; `axe` where accessibility is asked about, too. */
const LOOKS = [
  { lang: "en", theme: "light", size: WIDE, axe: true },
  { lang: "zh-CN", theme: "dark", size: WIDE, axe: true },
  { lang: "zh-CN", theme: "light", size: PHONE, axe: true },
  { lang: "en-XA", theme: "dark", size: PHONE },
  { lang: "en", theme: "dark", size: MAGNIFIED },
  { lang: "ar-XB", theme: "light", size: MAGNIFIED },
  { lang: "ar-XB", theme: "dark", size: WIDE },
];

let opened;
let page;

before(async () => {
  opened = await open();
  page = await newPage(opened.browser);
  await signIn(page);
  const calendar = [
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:screens@partner.test", "DTSTAMP:20261120T080000Z", "DTSTART:20261204T090000Z",
    "DTEND:20261204T100000Z", `SUMMARY:Review ${LONG}`, "LOCATION:Ningbo", "ORGANIZER;CN=Anna Berg:mailto:anna@partner.test", `ATTENDEE:mailto:${address}`, "END:VEVENT", "END:VCALENDAR", "",
  ].join("\r\n");
  const [urgent, long] = await makeLabels(page, [["Urgent", "red"], [LONG, "teal"]]);
  await put(page, [
    { mail: mail({ subject: `Invitation ${LONG}`, text: "Please tell me.", file: { name: "invite.ics", type: "text/calendar", content: calendar } }) },
    {
      mail: mail({
        from: `${LONG} <anna.${"x".repeat(50)}@partner.test>`, subject: "With everything", headers: ["Reply-To: else@where.test", "Disposition-Notification-To: anna@partner.test", `Cc: ${LONG} <b@partner.test>`],
        html: `<p>See <a href="https://far.test/${"y".repeat(200)}">www.near.test</a></p><table width="900"><tr><td>${LONG}</td><td>9</td></tr></table><img src="https://track.test/p.gif">`,
        file: { name: `${LONG}-${LONG}.pdf`, type: "application/pdf", content: "%PDF" },
      }),
      keywords: { [urgent]: true, [long]: true },
    },
    { mail: mail({ subject: "Read long ago", text: "Old" }), seen: true, keywords: { $flagged: true } },
  ]);
  await put(page, [{ mail: mail({ subject: "Thrown away", text: "x" }) }], "trash");
});

after(() => opened?.close());

const dialog = () => page.getByRole("dialog").last();
const press = (name) => page.getByRole("button", { name, exact: true }).first().click();
async function inbox() {
  await page.goto(`${origin}/mail`);
  await row(page, "With everything").first().waitFor();
}
async function write() {
  await inbox();
  await press("Write");
  await dialog().getByRole("textbox", { name: "Text" }).waitFor();
}
async function read(subject) {
  await inbox();
  await row(page, subject).first().click();
  await page.frameLocator("iframe").getByText(/./).first().waitFor();
}
async function account() {
  await page.goto(`${origin}/mail/account`);
  await page.getByRole("region", { name: "Recent sign-ins" }).getByText("Signed in").first().waitFor();
}
async function rules() {
  await page.goto(`${origin}/mail/rules`);
  await page.getByRole("region", { name: "Rules" }).getByText("There is no rule yet.").waitFor();
}
async function folders() {
  await inbox();
  await press("Manage folders");
  await dialog().getByText("Archive").waitFor();
}

/** Each screen with the way there, in English. */
const SCREENS = {
  "the list": inbox,
  "the list with something selected": async () => {
    await inbox();
    await row(page, "With everything").first().locator("label").click();
    await page.getByText("1 selected").waitFor();
  },
  "help with searching": async () => {
    await inbox();
    await page.getByRole("textbox", { name: "Search mail" }).focus();
  },
  "a search that is wrong": async () => {
    await page.goto(`${origin}/mail/search?q=in:nowhere`);
    await page.getByText("There is no folder called nowhere.").waitFor();
  },
  "a search that finds nothing": async () => {
    await page.goto(`${origin}/mail/search?q=from:nobody@nowhere.test`);
    await page.getByText("No message fits.").waitFor();
  },
  "Trash": async () => {
    await page.goto(`${origin}/mail/box/trash`);
    await row(page, "Thrown away").first().waitFor();
  },
  "deleting for good": async () => {
    await page.goto(`${origin}/mail/box/trash`);
    await row(page, "Thrown away").first().waitFor();
    await press("Empty");
    await dialog().waitFor();
  },
  "a conversation": () => read("With everything"),
  "a notice": async () => {
    await read("Read long ago");
    await page.keyboard.press("!");
    await page.getByRole("button", { name: "Undo" }).waitFor();
  },
  "an invitation": async () => {
    await read("Invitation");
    await page.getByRole("button", { name: "Accept" }).waitFor();
  },
  "moving": async () => {
    await read("With everything");
    await press("Move to");
    await page.getByRole("menu").waitFor();
  },
  "the folders in a drawer": async () => {
    await page.setViewportSize(PHONE);
    await inbox();
    await press("Folders");
    await dialog().waitFor();
  },
  "the keys": async () => {
    await inbox();
    await page.keyboard.press("?");
    await dialog().waitFor();
  },
  "the settings": async () => {
    await inbox();
    await press("Settings");
    await dialog().getByRole("textbox", { name: "Signature" }).waitFor();
  },
  "the folders": folders,
  "a new folder": async () => {
    await folders();
    await press("New folder");
    await dialog().getByLabel("Name").waitFor();
  },
  "what can be done with a folder": async () => {
    await folders();
    await dialog().getByRole("button", { name: "Actions for Inbox" }).click();
    await page.getByRole("menu").waitFor();
  },
  "the labels": async () => {
    await inbox();
    await press("Manage labels");
    await dialog().getByRole("button", { name: "Change Urgent" }).waitFor();
  },
  "a new label": async () => {
    await inbox();
    await press("Manage labels");
    await press("New label");
    await page.getByRole("form", { name: "New label" }).waitFor();
  },
  "deleting a label": async () => {
    await inbox();
    await press("Manage labels");
    await press("Delete Urgent");
    await page.getByRole("dialog", { name: "Delete Urgent" }).waitFor();
  },
  "labels for a conversation": async () => {
    await read("With everything");
    await page.keyboard.press("l");
    await dialog().getByRole("checkbox", { name: "Urgent" }).waitFor();
  },
  "writing": write,
  "writing with all there is": async () => {
    await write();
    await dialog().getByRole("button", { name: "Cc and Bcc" }).click();
    await dialog().getByRole("button", { name: "More options" }).click();
    await dialog().getByLabel("Attach files").setInputFiles({ name: `${LONG}.txt`, mimeType: "text/plain", buffer: Buffer.from("9.50") });
    await dialog().getByText("4 byte").waitFor();
    await dialog().getByLabel("To", { exact: true }).fill("nobody");
    await page.keyboard.press("Control+Enter");
    await dialog().getByRole("alert").waitFor();
  },
  "sending later": async () => {
    await write();
    await dialog().getByRole("button", { name: "Send later" }).click();
    await dialog().getByLabel("When it is to be sent").waitFor();
  },
  "the templates": async () => {
    await write();
    await dialog().getByRole("button", { name: "Templates" }).click();
    await page.getByRole("dialog", { name: "Templates" }).waitFor();
  },
  "no contacts": async () => {
    await page.goto(`${origin}/mail/contacts`);
    await page.getByText("There is no contact yet").first().waitFor();
  },
  "a new contact": async () => {
    await page.goto(`${origin}/mail/contacts`);
    await press("New contact");
    await page.getByLabel("Name", { exact: true }).waitFor();
  },
  "a contact": async () => {
    await page.goto(`${origin}/mail/contacts`);
    await press("New contact");
    await page.getByLabel("Name", { exact: true }).fill(LONG);
    await page.getByLabel("Mail addresses, one in each line").fill("anna@partner.test");
    await page.getByLabel("Company").fill(LONG);
    await press("Save");
    await page.getByRole("heading", { level: 2, name: LONG }).waitFor();
    await page.getByRole("link", { name: /Read long ago/ }).waitFor();
  },
  "no rules": rules,
  "a rule": async () => {
    await rules();
    await press("New rule");
    await page.getByRole("form", { name: "New rule" }).waitFor();
  },
  "the account": account,
  "adding a factor": async () => {
    await account();
    await press("Add a factor");
    await dialog().waitFor();
  },
  "a new app password": async () => {
    await account();
    await press("New app password");
    await dialog().waitFor();
  },
  "a page that does not start": async () => {
    await page.route("**/.well-known/jmap", (route) => route.fulfill({ status: 503 }));
    await page.goto(`${origin}/mail`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("button").waitFor();
    await page.unroute("**/.well-known/jmap");
  },
};

/** As if another window had chosen the language. */
const speak = (lang) =>
  page.evaluate(async (tag) => {
    window.dispatchEvent(new StorageEvent("storage", { key: "tradewind.language", newValue: tag }));
    for (let wait = 0; wait < 100 && document.documentElement.lang !== tag; wait += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  }, lang);

async function wrongsOf(name) {
  const wrongs = [];
  for (const { lang, theme, size, axe } of LOOKS) {
    const how = `${name}, ${lang}, ${theme}, ${size.width} px`;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: theme });
    await speak(lang);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 20)))));
    for (const wrong of await page.evaluate(misplaced)) wrongs.push(`${how}: ${wrong}`);
    if (axe) for (const wrong of await findings(page)) wrongs.push(`${how}: ${wrong}`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: "light" });
  await speak("en");
  // A menu is gone through by arrows.
  if (!(await page.getByRole("menu").isVisible())) for (const wrong of await unreachable(page)) wrongs.push(`${name}: ${wrong}`);
  return wrongs;
}

for (const [name, go] of Object.entries(SCREENS)) {
  test(name, async () => {
    await page.setViewportSize(WIDE);
    await go();
    assert.deepEqual(await wrongsOf(name), []);
  });
}

test("nothing went wrong on the way", () => assert.deepEqual(page.wrongs.filter((wrong) => !/Applying inline style|status of 503/.test(wrong)), []));
