// The contacts: found, looked at, changed; with the mail that went to and fro.

import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { shortDate } from "../i18n/format";
import type { Filter, Id, Summary } from "../jmap/types";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { useNotices } from "../ui/notices";
import { type Book, useBook } from "./book";
import { type Card, nameOfCard, NOBODY, type Person, personOf, timeThere } from "./card";
import { ContactForm } from "./contact-form";

/** Rows that are drawn; more are found by typing. */
const ROWS_MAX = 300;
const HISTORY_MAX = 8;

export default function ContactsScreen() {
  const { t } = useTranslation();
  const { book, error } = useBook();
  const { fail } = useNotices();
  const navigate = useNavigate();
  const { who, add } = useSearch({ strict: false }) as { who?: string; add?: string };
  const [text, setText] = useState("");
  const [editing, setEditing] = useState(false);
  useEffect(() => {
    document.title = `${t("nav.contacts")} · ${t("app.name")}`;
  }, [t]);
  useEffect(() => setEditing(false), [who, add]);
  const go = (search: { who?: Id; add?: string }) => void navigate({ to: "/contacts", search });
  const found = book.find(text);
  const card = who === undefined ? undefined : book.cards?.get(who);
  const isWide = card !== undefined || add !== undefined;
  const keep = (before: Card | undefined, person: Person) =>
    book.keep(before, person).then((id) => {
      setEditing(false);
      go({ who: id });
    }, fail);
  return (
    <main className="flex h-full">
      <div className={`min-w-0 flex-col border-e border-line bg-paper md:flex md:w-80 md:shrink-0 ${isWide ? "hidden" : "flex flex-1 md:flex-none"}`}>
        <div className="flex flex-col gap-2 border-b border-line p-3">
          <Link to="/" className="inline-flex items-center gap-1 text-accent"><Icon name="back" />{t("account.back")}</Link>
          <div className="flex items-center justify-between gap-2">
            <h1 className="text-[15px] font-semibold">{t("nav.contacts")}</h1>
            <Button look="first" onPress={() => go({ add: "" })}>{t("contact.new")}</Button>
          </div>
          {book.cards && <Files book={book} />}
          <input type="search" aria-label={t("contact.search")} placeholder={t("contact.search")} value={text} onChange={(event) => setText(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2" />
        </div>
        {error && <p role="alert" className="p-3 text-danger">{t("app.error", { reason: error.message })}</p>}
        {!book.isOffered && <p className="p-3 text-quiet">{t("contact.not-offered")}</p>}
        {book.cards && found.length === 0 && <p className="p-3 text-quiet">{t(text === "" ? "contact.none" : "contact.none-found")}</p>}
        <ul className="min-h-0 flex-1 overflow-y-auto">
          {found.slice(0, ROWS_MAX).map((it) => {
            const { name, company, emails } = personOf(it);
            return (
              <li key={it.id} className="border-b border-line">
                <Link to="/contacts" search={{ who: it.id }} aria-current={it.id === who ? "true" : undefined} className={`block px-3 py-2 ${it.id === who ? "bg-chosen" : "hover:bg-hover"}`}>
                  <span dir="auto" className="block truncate font-medium">{name}</span>
                  <span dir="auto" className="block truncate text-quiet">{company || emails[0]}</span>
                </Link>
              </li>
            );
          })}
        </ul>
        {found.length > ROWS_MAX && <p className="p-3 text-quiet">{t("contact.more", { count: found.length - ROWS_MAX })}</p>}
      </div>
      <div className={`min-w-0 flex-1 overflow-y-auto p-4 ${isWide ? "block" : "hidden md:block"}`}>
        {isWide && <Link to="/contacts" className="mb-3 inline-flex items-center gap-1 text-accent md:hidden"><Icon name="back" />{t("nav.contacts")}</Link>}
        {add !== undefined && <ContactForm person={{ ...NOBODY, emails: add === "" ? [] : [add] }} keep={(person) => keep(undefined, person)} cancel={() => go({})} />}
        {card && editing && <ContactForm person={personOf(card)} keep={(person) => keep(card, person)} cancel={() => setEditing(false)} />}
        {card && !editing && <Shown card={card} edit={() => setEditing(true)} remove={() => book.remove(card).then(() => go({}), fail)} />}
        {!isWide && <p className="flex h-full items-center justify-center text-quiet">{t("contact.choose")}</p>}
      </div>
    </main>
  );
}

/** A file that is read in at most, in octets. */
const FILE_MAX = 32 * 1024 * 1024;

/** Contacts from a file, and into one. */
function Files({ book }: { book: Book }) {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const [isBusy, setBusy] = useState(false);
  const read = async (file: File) => {
    if (file.size > FILE_MAX) throw new Error(t("contact.file-too-large"));
    const { readCards, textOf } = await import("./vcard");
    const people = readCards(textOf(new Uint8Array(await file.arrayBuffer())));
    if (people.length === 0) throw new Error(t("contact.no-cards", { name: file.name }));
    const made = await book.keepAll(people);
    say(t("contact.imported", { count: made, known: people.length - made }));
  };
  const write = async () => {
    const { writeCards } = await import("./vcard");
    const { saveFile } = await import("../folders/export");
    saveFile(new Blob([writeCards(book.find("").map(personOf))], { type: "text/vcard" }), `${t("nav.contacts")}.vcf`);
  };
  return (
    <div className="flex flex-wrap gap-2">
      <label className={`inline-flex min-h-8 cursor-pointer items-center rounded-md border border-line bg-paper px-3 py-1 focus-within:outline-2 focus-within:outline-accent hover:bg-hover ${isBusy ? "opacity-50" : ""}`}>
        {t(isBusy ? "app.loading" : "contact.import")}
        <input
          type="file"
          accept=".vcf,text/vcard,text/x-vcard"
          className="sr-only"
          disabled={isBusy}
          onChange={(event) => {
            const file = event.target.files?.[0];
            event.target.value = "";
            if (!file) return;
            setBusy(true);
            read(file).catch(fail).finally(() => setBusy(false));
          }}
        />
      </label>
      {(book.cards?.size ?? 0) > 0 && <Button onPress={() => void write().catch(fail)}>{t("contact.export")}</Button>}
    </div>
  );
}

function Shown({ card, edit, remove }: { card: Card; edit: () => void; remove: () => void }) {
  const { t, i18n } = useTranslation();
  const person = personOf(card);
  const time = timeThere(person.zone, new Date(), i18n.language);
  const country = person.country === "" ? "" : new Intl.DisplayNames(i18n.language, { type: "region" }).of(person.country);
  const rows: [string, string | undefined][] = [["company", person.company], ["title", person.title], ["phones", person.phones.join(", ")], ["country", country], ["zone", person.zone && `${person.zone}${time ? ` (${t("contact.time-there", { time })})` : ""}`], ["note", person.note]];
  return (
    <article aria-label={nameOfCard(card)} className="max-w-2xl">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <h2 className="me-auto text-[18px] font-semibold"><bdi>{person.name}</bdi></h2>
        <Button onPress={edit}>{t("contact.edit")}</Button>
        <Button look="danger" onPress={remove}>{t("act.delete")}</Button>
      </div>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1">
        {person.emails.map((email) => (
          <div key={email} className="contents">
            <dt className="text-quiet">{t("contact.emails")}</dt>
            <dd dir="ltr" className="min-w-0">{email}</dd>
          </div>
        ))}
        {rows.filter(([, value]) => value).map(([key, value]) => (
          <div key={key} className="contents">
            <dt className="text-quiet">{t(`contact.${key}`)}</dt>
            <dd dir="auto" className="min-w-0 whitespace-pre-wrap">{value}</dd>
          </div>
        ))}
      </dl>
      {person.emails.length > 0 && <History key={person.emails.join()} emails={person.emails} />}
    </article>
  );
}

/** The last messages to and from somebody. */
function History({ emails }: { emails: string[] }) {
  const { t, i18n } = useTranslation();
  const store = useOwnStore();
  const { fail } = useNotices();
  const [messages, setMessages] = useState<Summary[]>();
  useEffect(() => {
    let ended = false;
    const { accountId } = store;
    const batch = store.client.batch();
    const conditions = emails.flatMap((email): Filter[] => [{ from: email }, { to: email }]);
    const query = batch.call("Email/query", { accountId, filter: { operator: "OR", conditions }, sort: [{ property: "receivedAt", isAscending: false }], collapseThreads: true, limit: HISTORY_MAX });
    const get = batch.call("Email/get", { accountId, "#ids": query.at("/ids"), properties: ["id", "threadId", "subject", "receivedAt", "from", "preview"] });
    batch.send().then(() => !ended && setMessages(get.value.list)).catch(fail);
    return () => {
      ended = true;
    };
  }, [store, emails, fail]);
  const all = emails.map((email) => `from:${email} OR to:${email}`).join(" OR ");
  return (
    <section aria-label={t("contact.history")} className="mt-6">
      <h3 className="mb-1 font-semibold">{t("contact.history")}</h3>
      {messages?.length === 0 && <p className="text-quiet">{t("contact.no-history")}</p>}
      <ul>
        {messages?.map((it) => (
          <li key={it.id} className="border-b border-line">
            <Link to="/search/$thread" params={{ thread: it.threadId }} search={{ q: all }} className="flex gap-2 py-1.5 hover:bg-hover">
              <span dir="auto" className="min-w-0 flex-1 truncate">{it.subject?.trim() || t("list.no-subject")}</span>
              <time dateTime={it.receivedAt} className="shrink-0 text-quiet">{shortDate(it.receivedAt, new Date(), i18n.language)}</time>
            </Link>
          </li>
        ))}
      </ul>
      {messages && messages.length > 0 && <Link to="/search" search={{ q: all }} className="mt-2 inline-block text-accent underline">{t("contact.all-mail")}</Link>}
    </section>
  );
}
