// The mail: mailboxes, list and conversation beside one another, or one at a time where there is little room.

import { lazy, type RefObject, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Filter, type Id, type Message, SUBMISSION } from "../jmap/types";
import type { Writing } from "../compose/composer";
import { bringFiles, emptyDraft, forwardDraft, identityFor, replyDraft, savedDraft, type Words } from "../compose/draft";
import { longDate } from "../i18n/format";
import { useUnlocked } from "../endtoend/engine";
import { type Outbox, useKeeping, useOutbox } from "../offline/use-offline";
import { labelsOf } from "../labels/label";
import { StoreProvider, useOwnStore, useStore } from "../store/context";
import { mayIn } from "../store/rights";
import { type ListQuery, NEWEST_FIRST } from "../store/list";
import type { MailStore } from "../store/store";
import { Button, IconButton } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { useActions } from "./actions";
import { useEverything } from "./everything";
import { folderName } from "./folder-name";
import { type Command, useKeys } from "./keys";
import { ListBar } from "./list-bar";
import { MessageList } from "./message-list";
import { useNotifications } from "./notify";
import { type Go, mailboxAt, type Place, useGo, usePlace } from "./place";
import type { Answering } from "./message-view";
import { Reader } from "./reader";
import { BadSearch, filterOf } from "./search";
import { SearchField } from "./search-field";
import { useSelection } from "./selection";
import { Sidebar } from "./sidebar";
import { useReadAhead, useSteps } from "./steps";
import { type Deeds, Toolbar } from "./toolbar";
import { lookAfterWaiting } from "./waiting";

const Composer = lazy(() => import("../compose/composer"));
const OwnEntries = lazy(() => import("../endtoend/own-entries"));
const EncryptedHits = lazy(() => import("../endtoend/encrypted-hits"));
const FoldersDialog = lazy(() => import("../folders/folders-dialog"));
const SettingsDialog = lazy(() => import("../settings/settings-dialog"));
const LabelsDialog = lazy(() => import("../labels/labels-dialog"));
const LabelPicker = lazy(() => import("../labels/label-picker"));
const KeysDialog = lazy(() => import("./keys-dialog"));

export function MailScreen() {
  const { t } = useTranslation();
  const store = useStore();
  const own = useOwnStore();
  const place = usePlace();
  const go = useGo(place);
  const search = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState<"keys" | "settings" | "folders" | "labels">();
  const [drawer, setDrawer] = useState(false);
  const hide = useCallback(() => setShown(undefined), []);
  const compose = useCompose();
  useWaiting(go);
  useKeeping(own);
  const unlocked = useUnlocked();
  useIndexing(own, unlocked);
  const outbox = useOutbox(own);
  useNotifications(store, go);
  return (
    <div className="flex h-full flex-col">
      <a href="#messages" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-paper focus:p-2">{t("app.skip")}</a>
      {outbox.waiting.length > 0 && <WaitingToSend outbox={outbox} open={compose.open} />}
      {unlocked !== undefined && <Suspense><OwnEntries own={unlocked} /></Suspense>}
      {!store.reached && <div role="alert" className="border-b border-line bg-warning-ground px-4 py-1.5 text-warning">{t("app.offline")}</div>}
      <div className="flex min-h-0 flex-1">
        <aside className="print-hidden hidden w-52 shrink-0 border-e border-line lg:block">
          <Sidebar write={compose.write} settings={() => setShown("settings")} manage={setShown} chosen={() => {}} />
        </aside>
        <Panes place={place} go={go} search={search} compose={compose} menu={() => setDrawer(true)} show={setShown} />
      </div>
      <Dialog title={t("app.menu")} isOpen={drawer} close={() => setDrawer(false)}>
        <Sidebar write={compose.write && (() => { setDrawer(false); compose.write?.(); })} settings={() => { setDrawer(false); setShown("settings"); }} manage={(what) => { setDrawer(false); setShown(what); }} chosen={() => setDrawer(false)} />
      </Dialog>
      <Suspense>
        {shown === "folders" && <FoldersDialog close={hide} />}
        {shown === "labels" && <LabelsDialog close={hide} />}
        {shown === "settings" && <SettingsDialog close={hide} />}
        {shown === "keys" && <KeysDialog close={hide} known={compose.write ? [...KNOWN, ...WRITING] : KNOWN} />}
      </Suspense>
      {compose.writing && (
        <StoreProvider value={own}>
          <Suspense>
            <Composer key={compose.writing.key} writing={compose.writing} wanted={compose.wanted} close={compose.close} wait={(draft, savedId, at) => outbox.put({ draft, savedId, at: at?.getTime() ?? 0 })} reopen={compose.open} />
          </Suspense>
        </StoreProvider>
      )}
    </div>
  );
}

/** What is to be sent once there is a connection. */
function WaitingToSend({ outbox, open }: { outbox: Outbox; open: (writing: Writing) => void }) {
  const { t } = useTranslation();
  const { fail } = useNotices();
  return (
    <section aria-label={t("offline.waiting", { count: outbox.waiting.length })} className="border-b border-line bg-warning-ground px-4 py-1.5 text-warning">
      <p>{t("offline.waiting", { count: outbox.waiting.length })}</p>
      <ul>
        {outbox.waiting.map((one) => (
          <li key={one.key} className="flex items-center gap-2">
            <span dir="auto" className="min-w-0 flex-1 truncate">{one.draft.subject || t("list.no-subject")}</span>
            <Button onPress={() => outbox.take(one).then(() => open({ draft: one.draft, savedId: one.savedId }), fail)}>{t("offline.write-on")}</Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What keys do here. */
const KNOWN: Command[] = [
  "next", "previous", "open", "back", "select", "select-all", "select-none", "archive", "delete", "junk", "flag", "label", "seen", "unseen", "undo", "search", "inbox", "sent", "drafts", "help",
];

const WRITING: Command[] = ["compose", "reply", "reply-all", "forward"];

interface Compose {
  writing: (Writing & { key: number }) | undefined;
  /** Grows when what is being written is to be seen again. */
  wanted: number;
  open: (writing: Writing) => void;
  close: () => void;
  /** Absent where nothing can be sent. */
  write: (() => void) | undefined;
  answering: Answering | undefined;
}

/** Tells of messages that were not answered in time, when the page is opened and each hour. */
function useWaiting(go: Go): void {
  const { t } = useTranslation();
  const store = useOwnStore();
  const { say } = useNotices();
  const shown = useRef(0);
  const search = go.search;
  useEffect(() => {
    const look = () =>
      void lookAfterWaiting(store, new Date()).then(
        (count) => {
          if (count > shown.current) say(t("done.waiting", { count }), { name: t("act.show"), run: () => search("is:waiting") });
          shown.current = count;
        },
        // It is looked at again in an hour.
        () => {},
      );
    look();
    const timer = setInterval(look, 3_600_000);
    return () => clearInterval(timer);
  }, [store, say, t, search]);
}

/** Takes encrypted mail into this browser's index, once the key is unlocked and as it comes. A search tells what goes wrong. */
function useIndexing(store: MailStore, unlocked: string | undefined): void {
  useEffect(() => {
    if (unlocked === undefined) return undefined;
    const look = () => void import("../endtoend/search-index").then(({ indexOf }) => indexOf(store)?.follow(() => {})).catch(() => {});
    look();
    store.arrivals.add(look);
    return () => void store.arrivals.delete(look);
  }, [store, unlocked]);
}

/** What is being written: one message at a time. */
function useCompose(): Compose {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const ownStore = useOwnStore();
  const { fail } = useNotices();
  const [writing, setWriting] = useState<Writing & { key: number }>();
  const [wanted, setWanted] = useState(0);
  const open = useCallback((next: Writing) => setWriting((before) => ({ ...next, key: (before?.key ?? 0) + 1 })), []);
  const close = useCallback(() => setWriting(undefined), []);
  const own = ownStore.identities;
  const account = store.client.session.accounts[store.accountId];
  const shared = account?.isPersonal ? undefined : own.find(({ email }) => email.toLowerCase() === account?.name.toLowerCase());
  const first = shared ?? own[0];
  if (!(SUBMISSION in store.client.session.capabilities) || !first) return { writing: undefined, wanted, open, close, write: undefined, answering: undefined };
  const words: Words = { wrote: (name, date) => t("compose.wrote", { name, date }), forwarded: t("compose.forwarded") };
  const date = (message: Message) => longDate(message.sentAt ?? message.receivedAt, i18n.language);
  const reply = (all: boolean) => (message: Message) =>
    open({ draft: replyDraft(message, shared ?? identityFor(message, own) ?? first, own, all, date(message), words, store), savedId: undefined });
  const answering: Answering = {
    reply: reply(false),
    replyAll: reply(true),
    forward: (message) => {
      const draft = forwardDraft(message, shared ?? identityFor(message, own) ?? first, date(message), words, store);
      bringFiles(store, ownStore, draft).then((brought) => open({ draft: brought, savedId: undefined }), fail);
    },
    edit: (message) => open({ draft: savedDraft(message, identityFor(message, own) ?? first, store), savedId: message.id }),
  };
  // What is being written stays until it is sent, saved or discarded.
  const write = () => {
    if (writing) setWanted((before) => before + 1);
    else open({ draft: emptyDraft(first), savedId: undefined });
  };
  return { writing, wanted, open, close, write, answering };
}

interface PanesProps {
  compose: Compose;
  place: Place;
  go: Go;
  search: RefObject<HTMLInputElement | null>;
  menu: () => void;
  show: (what: "keys" | "labels") => void;
}

/** The query of a place, or what is wrong with its search. */
function useQuery(place: Place): { query: ListQuery; wrong: string | undefined } {
  const { t } = useTranslation();
  const store = useStore();
  const box = mailboxAt(store, place)?.id;
  const { q } = place;
  const { labels } = store;
  return useMemo(() => {
    const query = (filter: Filter): ListQuery => ({ filter, sort: NEWEST_FIRST, collapseThreads: true });
    if (q === undefined) return { query: query({ inMailbox: box ?? "" }), wrong: undefined };
    try {
      return { query: query(filterOf(q, { mailboxes: store.mailboxes.values(), labels, roleName: (role) => t(`role.${role}`) })), wrong: undefined };
    } catch (error) {
      if (!(error instanceof BadSearch)) throw error;
      return { query: query({ text: q }), wrong: t(error.key, error.values) };
    }
  }, [q, box, store, labels, t]);
}

function Panes({ place, go, search, compose, menu, show }: PanesProps) {
  const { t } = useTranslation();
  const store = useStore();
  const mailbox = mailboxAt(store, place);
  const { query, wrong } = useQuery(place);
  const list = store.list(query);
  const selection = useSelection(list);
  const actions = useActions(store, mailbox);
  const everything = useEverything(store, query.filter, mailbox);
  const [cursor, setCursor] = useState<Id>();
  const [sure, setSure] = useState<Id[] | "all">();
  const [labelling, setLabelling] = useState(false);

  const openRow = useCallback(
    (index: number) => {
      const id = list.ids?.[index];
      const message = id === undefined ? undefined : store.summary(id);
      if (!message) return;
      setCursor(id);
      go.thread(message.threadId);
    },
    [list, store, go],
  );
  // The row of the open conversation, which is where the cursor is when the page is opened at one.
  const isOpenRow = (id: Id | undefined) => id !== undefined && place.thread !== undefined && store.summary(id)?.threadId === place.thread;
  const openId = isOpenRow(cursor) ? cursor : place.thread === undefined ? undefined : list.ids?.find(isOpenRow);
  useEffect(() => {
    if (openId !== undefined) setCursor(openId);
  }, [openId]);

  const { at, step } = useSteps(list, cursor, (index) => (place.thread === undefined ? setCursor(list.ids?.[index]) : openRow(index)));
  useReadAhead(list, at, openId !== undefined);
  const known = () => list.ids?.filter((id) => id !== undefined) ?? [];
  const rows = selection.all ? known() : selection.ids.size > 0 ? [...selection.ids] : place.thread !== undefined && openId ? [openId] : cursor !== undefined && at >= 0 ? [cursor] : [];

  /** Does something that takes rows away: the cursor, and the conversation if one is open, goes on to the next. */
  const take = (work: (rows: Id[]) => void) => {
    if (rows.length === 0) return;
    const gone = new Set(rows);
    const first = list.ids?.findIndex((id) => id !== undefined && gone.has(id)) ?? -1;
    const rest = list.ids?.slice(Math.max(first, 0)).find((id) => id !== undefined && !gone.has(id)) ?? list.ids?.slice(0, Math.max(first, 0)).at(-1);
    work(rows);
    selection.clear();
    setCursor(rest);
    if (place.thread !== undefined && openId && gone.has(openId)) {
      const next = rest === undefined ? undefined : store.summary(rest);
      const isWide = matchMedia("(min-width: 768px)").matches;
      go.thread(isWide ? next?.threadId : undefined);
    }
  };
  const mayTake = mayIn(store, mailbox, "mayRemoveItems");
  const forGood = mailbox?.role === "trash" || mailbox?.role === "junk";
  /** Does something with all that the list holds. */
  const takeAll = (work: () => void) => {
    selection.clear();
    if (place.thread !== undefined) go.thread(undefined);
    work();
  };
  const deeds: Deeds = {
    archive: () => mayTake && (selection.all ? takeAll(everything.archive) : take(actions.archive)),
    remove: () => {
      if (!mayTake) return;
      if (forGood && selection.all) setSure("all");
      else if (selection.all) takeAll(everything.remove);
      else if (!forGood) take(actions.remove);
      else if (rows.length > 0) setSure(rows);
    },
    junk: () => mayTake && (selection.all ? takeAll(everything.junk) : take(actions.junk)),
    move: (to) => (selection.all ? takeAll(() => everything.move(to)) : take((ids) => actions.move(ids, to))),
    seen: (seen) => {
      if (!mayIn(store, mailbox, "maySetSeen")) return;
      if (selection.all) {
        takeAll(() => everything.seen(seen));
        return;
      }
      actions.seen(rows, seen);
      if (!seen && place.thread !== undefined) go.thread(undefined);
      selection.clear();
    },
    label: labelsOf(store) && mayIn(store, mailbox, "maySetKeywords") ? () => (selection.all || rows.length > 0) && setLabelling(true) : undefined,
    flag: (flagged) => mayIn(store, mailbox, "maySetKeywords") && (selection.all ? takeAll(() => everything.flag(flagged)) : actions.flag(rows, flagged)),
  };
  const { undo } = useNotices();
  const answer =
    compose.answering && place.thread !== undefined
      ? (how: "reply" | "replyAll" | "forward") => () => {
          const last = store.thread(place.thread ?? "")?.at(-1);
          const message = last === undefined ? undefined : store.message(last);
          if (message) compose.answering?.[how](message);
        }
      : undefined;
  useKeys({
    next: () => step(1),
    previous: () => step(-1),
    open: () => openRow(at),
    back: () => {
      if (selection.count > 0) selection.clear();
      else if (place.thread !== undefined) go.thread(undefined);
    },
    select: () => cursor !== undefined && selection.toggle(cursor, false),
    "select-all": selection.selectAll,
    "select-none": selection.clear,
    archive: deeds.archive,
    delete: deeds.remove,
    junk: deeds.junk,
    flag: () => deeds.flag(!rows.every((id) => store.summary(id)?.keywords.$flagged)),
    seen: () => deeds.seen(true),
    unseen: () => deeds.seen(false),
    undo,
    search: () => search.current?.focus(),
    inbox: () => go.box("inbox"),
    sent: () => go.box("sent"),
    drafts: () => go.box("drafts"),
    help: () => show("keys"),
    ...(deeds.label ? { label: deeds.label } : {}),
    ...(compose.write ? { compose: compose.write } : {}),
    ...(answer ? { reply: answer("reply"), "reply-all": answer("replyAll"), forward: answer("forward") } : {}),
  });

  const folder = mailbox ? folderName(t, mailbox) : t("list.found");
  const title = mailbox && mailbox.unreadEmails > 0 ? `(${mailbox.unreadEmails}) ${folder}` : folder;
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title, t]);
  const isReading = place.thread !== undefined;
  return (
    <>
      <main className={`print-hidden min-w-0 flex-col border-e border-line md:flex md:w-96 md:shrink-0 xl:w-[440px] ${isReading ? "hidden" : "flex flex-1 md:flex-none"}`}>
        <h1 className="sr-only">{folder}</h1>
        <div className="flex min-h-12 items-center gap-1 border-b border-line px-2">
          <span className="lg:hidden"><IconButton icon="menu" label={t("app.menu")} onPress={menu} /></span>
          <SearchField q={place.q} search={go.search} clear={() => place.q !== undefined && go.box("inbox")} field={search} />
        </div>
        <ListBar list={list} mailbox={mailbox} selection={selection} rows={rows} deeds={deeds} everything={everything} empty={() => setSure("all")} />
        {place.q !== undefined && <Suspense><EncryptedHits q={place.q} open={go.thread} /></Suspense>}
        {wrong && <div role="alert" className="border-b border-line bg-warning-ground px-3 py-1.5 text-warning">{wrong}</div>}
        <MessageList
          key={JSON.stringify(query)}
          list={list}
          label={t("list.label", { folder })}
          mailbox={mailbox}
          openThread={place.thread}
          cursor={cursor}
          selected={selection.all ? "all" : selection.ids}
          open={openRow}
          select={selection.toggle}
        />
      </main>
      <div className={`min-w-0 flex-1 ${isReading ? "block" : "hidden md:block"}`}>
        {place.thread !== undefined ? (
          <Reader thread={place.thread} back={() => go.thread(undefined)} answering={compose.answering} toolbar={<Toolbar ids={openId ? [openId] : []} mailbox={mailbox} deeds={deeds} />} />
        ) : (
          <div className="flex h-full items-center justify-center p-8 text-center text-quiet">{t("read.none")}</div>
        )}
      </div>
      {labelling && (
        <Suspense>
          <LabelPicker
            messages={selection.all ? [] : rows.flatMap((id) => store.summary(id) ?? [])}
            put={(keyword, there) => (selection.all ? takeAll(() => everything.keyword(keyword, there)) : actions.keyword(rows, keyword, there))}
            manage={() => { setLabelling(false); show("labels"); }}
            close={() => setLabelling(false)}
          />
        </Suspense>
      )}
      <Dialog
        title={sure === "all" ? t("act.sure-all-title", { folder }) : t("act.sure-title", { count: sure?.length ?? 0 })}
        isOpen={sure !== undefined}
        close={() => setSure(undefined)}
      >
        <p className="mb-4">{t(sure === "all" ? "act.sure-all-text" : "act.sure-text")}</p>
        <div className="flex justify-end gap-2">
          <Button onPress={() => setSure(undefined)}>{t("act.cancel")}</Button>
          <Button look="danger" onPress={() => { setSure(undefined); if (sure === "all") takeAll(everything.destroy); else take(actions.destroy); }}>{t("act.delete-for-good")}</Button>
        </div>
      </Dialog>
    </>
  );
}
