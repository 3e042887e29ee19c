// One message of a conversation: who it is from, in words; its text; its attached files.

import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { fullAddress, longDate, nameOf, namesOf, shortDate, size } from "../i18n/format";
import { useBook } from "../contacts/book";
import { TheirTime } from "../contacts/their-time";
import { Labels, useLabels } from "../labels/marks";
import type { Address, Message, Verdict } from "../jmap/types";
import { useStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { useNotices } from "../ui/notices";
import { MessageBody } from "./message-body";
import { Receipt } from "./receipt";
import { PaymentPanel } from "./payment-panel";
import { SealedNote } from "./sealed-note";
import { isProven, SenderLine } from "./sender-line";

/** Labels that are shown. */
const LABELS_MAX = 8;

/** Findings that are shown: the heaviest come first. */
const FINDINGS_MAX = 5;

export interface Answering {
  reply: (message: Message) => void;
  replyAll: (message: Message) => void;
  forward: (message: Message) => void;
  edit: (message: Message) => void;
}

const EncryptedBody = lazy(() => import("../endtoend/encrypted-body"));
const Invitation = lazy(() => import("../calendar/invitation"));

interface Props {
  /** Nothing while it is being read. */
  message: Message | undefined;
  isOpen: boolean;
  toggle: () => void;
  answering: Answering | undefined;
}

export function MessageView({ message, isOpen, toggle, answering }: Props) {
  const { t, i18n } = useTranslation();
  const who = useStore().sender(message?.id ?? "");
  const sender = message?.from?.[0];
  // Nothing that stands beside the ciphertext is shown with it.
  const isEncrypted = message?.attachments.some(({ type }) => type === "application/pgp-encrypted");
  const label = message && `${sender ? nameOf(sender) : t("list.no-sender")}, ${longDate(message.receivedAt, i18n.language)}`;
  return (
    // What belongs to one message has its key; the frame of the text is there for whichever is shown here.
    <article hidden={!message} aria-label={label} className="border-b border-line px-4 py-3">
      {message && <Head key={`head ${message.id}`} message={message} isOpen={isOpen} toggle={toggle} answering={answering} />}
      {message && isOpen && <Above key={`above ${message.id}`} message={message} />}
      {message && isOpen && isEncrypted && <Suspense><EncryptedBody key={`text ${message.id}`} message={message} /></Suspense>}
      {isOpen && !isEncrypted && <MessageBody message={message} isProven={isProven(who)} />}
      {message && isOpen && !isEncrypted && <Attachments key={`files ${message.id}`} message={message} />}
    </article>
  );
}

/** Who wrote it, to whom, when; a press opens or folds the message. */
function Head({ message, isOpen, toggle, answering }: Props & { message: Message }) {
  const { t, i18n } = useTranslation();
  const sender = message.from?.[0];
  const unread = !message.keywords.$seen;
  return (
    <div className="flex items-start gap-2">
      <button type="button" aria-expanded={isOpen} onClick={toggle} className="min-w-0 flex-1 text-start">
        <span className={`flex items-baseline gap-x-2 ${isOpen ? "flex-wrap" : ""}`}>
          <span dir="auto" className={`truncate ${unread ? "font-semibold" : "font-medium"}`}>{sender ? nameOf(sender) : t("list.no-sender")}</span>
          {isOpen && sender?.name && <span dir="ltr" className="max-w-full truncate text-quiet">{sender.email}</span>}
          {isOpen && sender && <TheirTime email={sender.email} />}
          {message.keywords.$draft && <span className="text-danger">{t("read.draft")}</span>}
          <time dateTime={message.receivedAt} className="ms-auto shrink-0 text-quiet">
            {isOpen ? longDate(message.receivedAt, i18n.language) : shortDate(message.receivedAt, new Date(), i18n.language)}
          </time>
        </span>
        <span dir="auto" className="block truncate text-quiet">
          {isOpen ? t("list.to", { names: namesOf([...(message.to ?? []), ...(message.cc ?? [])]) }) : message.preview}
        </span>
      </button>
      {isOpen && answering && (
        <div className="print-hidden flex">
          {message.keywords.$draft ? (
            <IconButton icon="write" label={t("nav.write")} onPress={() => answering.edit(message)} />
          ) : (
            <>
              <IconButton icon="reply" label={t("act.reply")} shortcut="r" onPress={() => answering.reply(message)} />
              <IconButton icon="forward" label={t("act.forward")} shortcut="f" onPress={() => answering.forward(message)} />
            </>
          )}
        </div>
      )}
    </div>
  );
}

/** What is to be known before the text is read. */
function Above({ message }: { message: Message }) {
  const labels = useLabels(message.keywords);
  const invitation = message.attachments.find(({ type, blobId }) => blobId && (type === "text/calendar" || type === "application/ics"));
  return (
    <>
      <Who message={message} />
      <SealedNote id={message.id} author={message.from?.length === 1 ? message.from[0]?.email : undefined} />
      {labels.length > 0 && <div className="mb-1 flex"><Labels labels={labels} most={LABELS_MAX} /></div>}
      <Details message={message} />
      <Findings message={message} />
      <RepliesElsewhere message={message} />
      <Receipt message={message} />
      {invitation && <Suspense><Invitation message={message} part={invitation} /></Suspense>}
    </>
  );
}

/** Who wrote it; nothing of what we wrote ourselves. */
function Who({ message }: { message: Message }) {
  const store = useStore();
  const sender = message.from?.[0]?.email.toLowerCase();
  const isFolderOfOurs = ["sent", "drafts"].some((role) => message.mailboxIds[store.mailboxOf(role)?.id ?? ""]);
  const isOwn = isFolderOfOurs && store.identities.some(({ email }) => email.toLowerCase() === sender);
  return <SenderLine sender={store.sender(message.id)} isOwn={isOwn} />;
}

function Details({ message }: { message: Message }) {
  const { t } = useTranslation();
  const store = useStore();
  const rows: [string, Address[] | null][] = [["from", message.from], ["to", message.to], ["cc", message.cc], ["reply-to", message.replyTo]];
  return (
    <details className="mt-1 mb-2 text-quiet">
      <summary className="w-fit">{t("read.details")}</summary>
      <dl className="mt-1 grid grid-cols-[auto_1fr] gap-x-4 text-text">
        {rows.filter(([, addresses]) => addresses && addresses.length > 0).map(([key, addresses]) => (
          <div key={key} className="contents">
            <dt className="text-quiet">{t(`read.${key}`)}</dt>
            <dd dir="auto">{addresses?.map(fullAddress).join(", ")}</dd>
          </div>
        ))}
      </dl>
      <Report message={message} />
      <a className="text-accent underline" href={store.client.downloadUrl(store.accountId, message.blobId, "message.eml", "message/rfc822")} download="message.eml">
        {t("act.original")}
      </a>
      {message.from?.[0] && <AddContact email={message.from[0].email} />}
    </details>
  );
}

/** Leads to a new contact for a sender, or to the one that is there. */
function AddContact({ email }: { email: string }) {
  const { t } = useTranslation();
  const { book } = useBook();
  if (!book.isOffered || !book.cards) return null;
  const known = book.of(email);
  return <Link to="/contacts" search={known ? { who: known.id } : { add: email }} className="ms-4 text-accent underline">{t(known ? "contact.show" : "contact.add")}</Link>;
}

/** Reports a message as an attempt at fraud: marked as such, and into Junk, which teaches the filter. */
function Report({ message }: { message: Message }) {
  const { t } = useTranslation();
  const store = useStore();
  const { say, fail } = useNotices();
  const junk = store.mailboxOf("junk");
  if (!junk || message.keywords.$phishing || message.keywords.$draft) return null;
  const report = async () => {
    const away = Object.fromEntries(Object.keys(message.mailboxIds).map((id) => [id, false]));
    const undo = await store.change([message.id], { keywords: { $phishing: true, $junk: true }, mailboxes: { ...away, [junk.id]: true } });
    say(t("done.reported"), async () => {
      await undo();
      say(t("done.undone"));
    });
  };
  return <span className="me-4"><Button look="danger" onPress={() => void report().catch(fail)}>{t("act.report")}</Button></span>;
}

/** What was found of it when it came: the sentences themselves, in front where it was not simply delivered, and what to do about it. */
function Findings({ message }: { message: Message }) {
  const { t } = useTranslation();
  const store = useStore();
  const verdict = store.verdict(message.id);
  const open = store.sender(message.id)?.case;
  if (open) return <><Found verdict={verdict} /><PaymentPanel id={open} /></>;
  if (!verdict || verdict.action === "deliver") return null;
  return <Found verdict={verdict}>{t("read.do-report")} <Report message={message} /></Found>;
}

function Found({ verdict, children }: { verdict: Verdict | undefined; children?: ReactNode }) {
  const { t } = useTranslation();
  const against = verdict?.findings.filter(({ weight }) => weight > 0) ?? [];
  if (!verdict || verdict.action === "deliver" || against.length === 0) return null;
  return (
    <section aria-label={t("read.findings")} className="mb-2 rounded-md border border-line bg-warning-ground px-3 py-1.5 text-warning">
      <p className="font-semibold">{t(verdict.action === "warn" ? "read.careful" : "read.held")}</p>
      <ul className="list-disc ps-5">
        {against.slice(0, FINDINGS_MAX).map((finding) => <li key={finding.id} dir="auto">{finding.text}</li>)}
      </ul>
      <div className="mt-1">{children ?? t("read.do-phone")}</div>
    </section>
  );
}

/** Replies that would go to another domain than the sender's are told: a favourite of forgers. */
function RepliesElsewhere({ message }: { message: Message }) {
  const { t } = useTranslation();
  const domain = ({ email }: Address) => email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  const sender = message.from?.[0];
  const elsewhere = sender && message.replyTo?.find((it) => domain(it) !== domain(sender));
  if (!elsewhere) return null;
  return <p className="mb-2 rounded-md border border-line bg-warning-ground px-3 py-1.5 text-warning">{t("read.reply-elsewhere", { address: elsewhere.email })}</p>;
}

function Attachments({ message }: { message: Message }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const files = message.attachments.filter((part) => part.blobId);
  if (files.length === 0) return null;
  return (
    <section aria-label={t("read.attachments", { count: files.length })} className="mt-3">
      <div className="mb-1 text-quiet">{t("read.attachments", { count: files.length })}</div>
      <ul className="flex flex-wrap gap-2">
        {files.map((part) => {
          const name = shownName(part.name) || t("read.unnamed");
          return (
            <li key={part.blobId} className="max-w-full">
              <a
                href={store.client.downloadUrl(store.accountId, part.blobId ?? "", name, "application/octet-stream")}
                download={name}
                title={t("act.download", { name })}
                className="flex max-w-80 items-center gap-2 rounded-md border border-line px-2 py-1.5 hover:bg-hover"
              >
                <Icon name="attach" />
                <span dir="ltr" className="min-w-0 flex-1 truncate">{name}</span>
                <span className="shrink-0 text-quiet">{size(part.size, i18n.language)}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Letters of a name that are shown and given to the file. */
const NAME_MAX = 120;

/** A name without what hides its true ending: marks of direction, control characters, directories, great length. */
function shownName(name: string | null): string {
  const plain = (name ?? "").replace(/[\u0000-\u001F\u007F\u061C\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g, "").replace(/^.*[/\\]/, "").trim();
  if (plain.length <= NAME_MAX) return plain;
  const ending = /\.[^.]{1,12}$/.exec(plain)?.[0] ?? "";
  return `${plain.slice(0, NAME_MAX - ending.length)}\u2026${ending}`;
}
