// Pictures of the main screens, into the directory that SCREENSHOTS names: make screenshots.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { address, mail, makeLabels, newPage, open, origin, put, signIn } from "./browser.mjs";
import { enrol } from "./keys.mjs";

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
    { name: "console-overview-light-en", who: "admin", path: "/console?lang=en", wait: "section dl" },
    { name: "console-overview-dark-zh", who: "admin", path: "/console?lang=zh-CN", wait: "section dl", dark: true },
    { name: "console-people-light-en", who: "admin", path: "/console/people?lang=en", wait: "table" },
    { name: "console-person-light-zh", who: "admin", path: "/console/people?lang=zh-CN", wait: "table", follow: /^sales/ },
    { name: "console-trace-light-en", who: "admin", path: "/console/trace?lang=en", wait: "table" },
    { name: "console-traced-dark-zh", who: "admin", path: "/console/trace?lang=zh-CN&direction=in", wait: "table", follow: /\d{2}:\d{2}/, dark: true },
    { name: "console-queue-light-zh", who: "admin", path: "/console/queue?lang=zh-CN", wait: "table" },
    { name: "console-domains-light-en", who: "admin", path: "/console/domains/trade.test?lang=en", wait: "section li" },
    { name: "console-backups-light-en", who: "admin", path: "/console/backups?lang=en", wait: "section" },
    { name: "console-space-dark-zh", who: "admin", path: "/console/space?lang=zh-CN", wait: "table", dark: true },
    { name: "console-settings-light-en", who: "security", path: "/console/settings?section=judging&lang=en", wait: "table" },
    { name: "console-setting-dark-zh", who: "security", path: "/console/settings/trace.keep_days?lang=zh-CN", wait: "form", dark: true },
    { name: "console-level-light-zh", who: "security", path: "/console/level?lang=zh-CN", wait: "fieldset", choose: /^外贸专属/ },
    { name: "phone-console-overview-dark-en", who: "admin", path: "/console?lang=en", wait: "section dl", dark: true, phone: true },
    { name: "phone-console-settings-light-zh", who: "security", path: "/console/settings?section=trace&lang=zh-CN", wait: "table", phone: true },
    { name: "console-quarantine-light-en", path: "/console/quarantine?lang=en", wait: "table" },
    { name: "console-quarantined-dark-zh", path: "/console/quarantine?lang=zh-CN", wait: "table", follow: "Your mailbox will be closed", dark: true },
    { name: "console-threats-light-zh", path: "/console/threats?lang=zh-CN", wait: "table" },
    { name: "console-judged-light-en", path: "/console/threats?lang=en", wait: "table", follow: "Your mailbox will be closed", press: "Judge it again" },
    { name: "console-campaigns-dark-en", path: "/console/threats/campaigns?lang=en", wait: "table", dark: true },
    { name: "console-case-light-zh", path: "/console/cases?lang=zh-CN", wait: "table", follow: "Re: Order 4475" },
    { name: "console-case-light-en", path: "/console/cases?lang=en", wait: "table", follow: "Re: Order 4476" },
    { name: "console-partners-light-en", path: "/console/partners?lang=en", wait: "table" },
    { name: "console-partner-dark-zh", path: "/console/partners/of/acme-valves.test?lang=zh-CN", wait: "section code", dark: true },
    { name: "console-alikes-light-zh", path: "/console/partners/alikes?lang=zh-CN", wait: "table" },
    { name: "console-reported-light-en", path: "/console/reported?lang=en", wait: "table" },
    { name: "console-lists-dark-zh", path: "/console/lists?lang=zh-CN", wait: "section", press: "添加条目", dark: true },
    { name: "console-judging-light-zh", path: "/console/judging?lang=zh-CN", wait: "section li" },
    { name: "console-quality-light-en", path: "/console/judging/quality?lang=en", wait: "figure" },
    { name: "console-feeds-light-en", path: "/console/feeds?lang=en", wait: "table" },
    { name: "console-senders-light-zh", path: "/console/senders?what=k3f9x2%40old-shop.example&lang=zh-CN", wait: "section table" },
    { name: "console-sign-ins-light-en", path: "/console/sign-ins?lang=en", wait: "table" },
    { name: "console-sign-in-dark-zh", path: "/console/sign-ins?odd=yes&lang=zh-CN", wait: "table", follow: /\d{2}:\d{2}/, dark: true },
    { name: "console-reviews-light-zh", path: "/console/sign-ins/reviews?lang=zh-CN", wait: "form" },
    { name: "phone-console-case-light-zh", path: "/console/cases?lang=zh-CN", wait: "table", follow: "Re: Order 4475", phone: true },
    { name: "console-approvals-light-en", who: "security", path: "/console/approvals?lang=en", wait: "table" },
    { name: "console-outbound-light-en", who: "security", path: "/console/outbound?lang=en", wait: "table" },
    { name: "console-outbound-rule-dark-zh", who: "security", path: "/console/outbound/rules/contracts?lang=zh-CN", wait: "form", dark: true },
    { name: "console-retention-light-zh", who: "security", path: "/console/retention?lang=zh-CN", wait: "table" },
    { name: "console-holds-light-en", who: "security", path: "/console/holds?lang=en", wait: "table" },
    { name: "console-regions-light-zh", who: "security", path: "/console/regions?lang=zh-CN", wait: "table" },
    { name: "console-access-light-en", who: "security", path: "/console/access?lang=en", wait: "table" },
    { name: "console-rights-dark-en", who: "security", path: "/console/access/table?lang=en", wait: "table", dark: true },
    { name: "console-roles-light-zh", who: "security", path: "/console/roles?lang=zh-CN", wait: "table" },
    { name: "console-audit-light-en", who: "auditor", path: "/console/audit?lang=en", wait: "table" },
    { name: "console-record-dark-zh", who: "auditor", path: "/console/audit?lang=zh-CN", wait: "table", follow: /\d{2}:\d{2}/, dark: true },
    { name: "phone-console-approvals-light-zh", who: "security", path: "/console/approvals?lang=zh-CN", wait: "table", phone: true },
  ];
  const people = { admin: { address: process.env.ADMIN_USER, password: process.env.ADMIN_PASSWORD }, guard: JSON.parse(readFileSync(process.env.DEFEND_USERS, "utf8")).security, ...JSON.parse(readFileSync(process.env.PEOPLE, "utf8")) };
  const pages = new Map();
  /** The page of somebody of the company, who has just shown a strong factor. */
  const pageOf = async (who) => {
    if (!pages.has(who)) {
      const { address: user, password } = people[who];
      const own = await newPage(opened.browser);
      await signIn(own, user, password);
      await enrol(own);
      pages.set(who, own);
    }
    return pages.get(who);
  };
  for (const { name, who, path, read, key, press, follow, wait, dark, phone, choose } of pictures) {
    if (process.env.SCREENSHOTS_ONLY && !new RegExp(process.env.SCREENSHOTS_ONLY).test(name)) continue;
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
