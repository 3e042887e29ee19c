// Pictures of the main screens, into the directory that SCREENSHOTS names: make screenshots.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { address, mail, makeLabels, newPage, open, origin, put, signIn } from "./browser.mjs";
import { enter } from "./console.mjs";
import { deeds, pictures as ofConsole } from "./console-pictures.mjs";
import { post } from "./keys.mjs";

const place = process.env.SCREENSHOTS ?? "../docs/screenshots";
mkdirSync(place, { recursive: true });

const messages = [
  { from: "Anna Berg <anna.berg@nordkraft.test>", subject: "Order 4711: bill of lading and packing list", text: "Dear Li Na,\n\nplease find the bill of lading and the packing list for order 4711. The vessel leaves Ningbo on 9 December.\n\nKind regards\nAnna", file: { name: "bill-of-lading-4711.pdf", type: "application/pdf", content: "%PDF-1.4 ".repeat(4000) }, on: [0], headers: ["Disposition-Notification-To: anna.berg@nordkraft.test"] },
  { from: "王伟 <wang.wei@huadong.test>", subject: "关于十二月出货安排", text: "李娜你好：\n\n十二月的两批货已经排产，第一批预计 5 号装柜，请确认唛头。\n\n王伟" },
  { from: "Accounts <accounts@nordkraft.test>", subject: "Invoice 2026-118: new bank details", html: '<p>Dear customer,</p><p>our bank account has changed. Please see <a href="https://pay.nordkraft-billing.test/x">www.nordkraft.test</a> for the <b>new details</b> before you pay invoice 2026-118.</p><p><img src="https://track.test/p.gif" width="1" height="1"></p>', text: "New bank details", headers: ["Reply-To: accounts@nordkraft-billing.test"], on: [1] },
  { from: "José Alvarez <jalvarez@iberica.test>", subject: "Muestras recibidas", text: "Hola, las muestras llegaron hoy. Mañana le confirmo las cantidades.", seen: true },
  { from: "Customs Service <noreply@customs.test>", subject: "Declaration 88213 accepted", text: "Your declaration has been accepted.", seen: true },
  { from: "Мария Иванова <maria@vostok.test>", subject: "Запрос цены на подшипники 6204", text: "Добрый день, просим прислать цену на 5000 штук.", seen: true },
  { from: "佐藤 健 <sato@kanto.test>", subject: "見積書のお願い", text: "お世話になっております。見積書をお送りください。", seen: true },
  { from: "Fatima Haddad <fatima@levant.test>", subject: "طلب عرض أسعار", text: "مرحبا، نرجو إرسال عرض الأسعار للكمية المذكورة.", seen: true },
  { from: "Logistics <desk@portside.test>", subject: "Container MSKU 220 417 2: arrival notice", text: "Arrival at Hamburg on 2 December.", seen: true, on: [0, 2] },
  { from: "陈静 <chen.jing@huadong.test>", subject: "验货报告已上传", text: "验货报告已上传，请查收。", seen: true },
];

const opened = await open();
try {
  const mailPage = await newPage(opened.browser);
  await signIn(mailPage);
  const labels = await makeLabels(mailPage, [["Shipping", "blue"], ["付款", "orange"], ["Claims", "purple"]]);
  const keywords = (of) => Object.fromEntries((of ?? []).map((index) => [labels[index], true]));
  await put(mailPage, messages.map(({ seen, on, ...it }, index) => ({ mail: mail(it), seen, keywords: keywords(on), days: index < 3 ? 0 : index * 0.8 })));
  const calendar = [
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:review@nordkraft.test", "DTSTAMP:20261120T080000Z", "DTSTART:20261204T090000Z", "DTEND:20261204T100000Z",
    "SUMMARY:Review in Ningbo", "LOCATION:Ningbo\\, hall 3", "ORGANIZER;CN=Anna Berg:mailto:anna.berg@nordkraft.test", `ATTENDEE;CN=Li Na:mailto:${address}`, "END:VEVENT", "END:VCALENDAR", "",
  ].join("\r\n");
  const invitation = mail({ from: "Anna Berg <anna.berg@nordkraft.test>", subject: "Invitation: review in Ningbo", text: "Dear Li Na,\n\nplease tell me whether the time suits you.", file: { name: "invite.ics", type: "text/calendar", content: calendar } });
  await put(mailPage, [{ mail: invitation, days: 0.1 }]);
  const pictures = [
    { name: "list-light-en", path: "/mail?lang=en" },
    { name: "list-dark-zh", path: "/mail?lang=zh-CN", dark: true },
    { name: "conversation-light-en", path: "/mail?lang=en", read: "Invoice 2026-118" },
    { name: "conversation-dark-zh", path: "/mail?lang=zh-CN", read: "关于十二月出货安排", dark: true },
    { name: "search-light-zh", path: `/mail/search?lang=zh-CN&q=${encodeURIComponent("from:huadong")}` },
    { name: "keys-light-en", path: "/mail?lang=en", key: "?" },
    { name: "compose-light-en", path: "/mail?lang=en", read: "Order 4711", key: "r" },
    { name: "phone-list-light-zh", path: "/mail?lang=zh-CN", phone: true },
    { name: "phone-conversation-dark-en", path: "/mail?lang=en", read: "Order 4711", dark: true, phone: true },
    { name: "folders-light-zh", path: "/mail?lang=zh-CN", press: "管理文件夹" },
    { name: "labels-dark-zh", path: "/mail?lang=zh-CN", read: "Order 4711", key: "l", dark: true },
    { name: "phone-compose-light-zh", path: "/mail?lang=zh-CN", read: "关于十二月出货安排", key: "r", phone: true },
    { name: "contacts-light-zh", path: "/mail/contacts?lang=zh-CN&add=wang.wei%40huadong.test", wait: "form" },
    { name: "rules-dark-en", path: "/mail/rules?lang=en", wait: "section", press: "New rule", dark: true },
    { name: "settings-dark-en", path: "/mail?lang=en", press: "Settings", dark: true },
    { name: "account-light-en", path: "/mail/account?lang=en", wait: "section li" },
    { name: "phone-account-dark-zh", path: "/mail/account?lang=zh-CN", wait: "section li", dark: true, phone: true },
    { name: "invitation-light-en", path: "/mail?lang=en", read: "Invitation: review in Ningbo" },
    { name: "right-to-left", path: "/mail?lang=ar-XB" },
  ];
  const people = { admin: { address: process.env.ADMIN_USER, password: process.env.ADMIN_PASSWORD }, guard: JSON.parse(readFileSync(process.env.DEFEND_USERS, "utf8")).security, ...JSON.parse(readFileSync(process.env.PEOPLE, "utf8")) };
  const pages = new Map();
  /** The page of somebody of the company, who has just shown a strong factor. */
  const pageOf = async (who) => {
    if (!pages.has(who)) {
      const { address: user, password } = people[who];
      const own = await enter(opened.browser, user, password);
      pages.set(who, own);
    }
    return pages.get(who);
  };
  const wanted = [...pictures, ...ofConsole].filter(({ name }) => new RegExp(process.env.SCREENSHOTS_ONLY ?? "").test(name));
  if (wanted.some(({ path }) => path.startsWith("/console"))) {
    for (const [who, action, body] of deeds) {
      const done = await post(await pageOf(who), `/api/v1/${action}`, body);
      if (done.status >= 300) throw new Error(`${action}: ${JSON.stringify(done)}`);
    }
  }
  for (const { name, who, path, read, key, press, follow, wait, dark, phone, choose, level } of wanted) {
    if (level) await post(await pageOf("security"), "/api/v1/organisation-level", { level, organisation: null });
    const page = path.startsWith("/console") ? await pageOf(who ?? "guard") : mailPage;
    await page.setViewportSize(phone ? { width: 360, height: 740 } : { width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await page.goto(origin + path);
    await (wait ? page.locator(wait).first() : page.getByRole("row").nth(1)).waitFor();
    if (follow) {
      await page.getByRole("link", { name: follow }).first().click();
      await page.waitForLoadState("networkidle");
    }
    if (read) {
      await page.getByRole("row").filter({ hasText: read }).click();
      await page.locator("iframe").first().waitFor();
    }
    if (key) await page.keyboard.press(key);
    if (choose) await page.getByRole("radio", { name: choose }).check();
    if (press) await page.getByRole("button", { name: press }).click();
    await page.waitForTimeout(700);
    await page.screenshot({ path: join(place, `${name}.png`) });
  }
} finally {
  await opened.close();
}
