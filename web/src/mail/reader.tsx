// A conversation, oldest message first; what was read before is folded.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Message } from "../jmap/types";
import { useStore } from "../store/context";
import { mayWith } from "../store/rights";
import { Button, IconButton } from "../ui/button";
import { useNotices } from "../ui/notices";
import { type Answering, MessageView } from "./message-view";

interface Props {
  thread: Id;
  toolbar: React.ReactNode;
  back: () => void;
  answering: Answering | undefined;
}

export function Reader({ thread, toolbar, back, answering }: Props) {
  const { t } = useTranslation();
  const store = useStore();
  const { fail } = useNotices();
  const [error, setError] = useState<Error>();
  const [attempt, setAttempt] = useState(0);
  // What somebody opened or folded; the rest is as it was when the conversation was opened.
  const [toggled, setToggled] = useState<ReadonlyMap<Id, boolean>>(new Map());
  const [unread, setUnread] = useState<ReadonlySet<Id>>(new Set());

  const ids = store.thread(thread);
  const key = ids?.join(" ");
  useEffect(() => {
    setError(undefined);
    setToggled(new Map());
    setUnread(new Set());
  }, [thread]);
  useEffect(() => {
    let ended = false;
    store.open(thread).then(
      () => {
        if (ended) return;
        const fresh = (store.thread(thread) ?? []).filter((id) => {
          const message = store.message(id);
          return message && !message.keywords.$seen && mayWith(store, message, "maySetSeen");
        });
        if (fresh.length === 0) return;
        setUnread((before) => new Set([...before, ...fresh]));
        store.change(fresh, { keywords: { $seen: true } }).catch(fail);
      },
      (reason: Error) => {
        if (!ended) setError(reason);
      },
    );
    return () => {
      ended = true;
    };
  }, [store, thread, key, attempt, fail]);

  const messages = (ids ?? []).flatMap((id) => store.message(id) ?? []);
  const last = messages.at(-1);
  const isOpen = (message: Message) => toggled.get(message.id) ?? (message === last || unread.has(message.id));
  const toggle = (message: Message) => setToggled((before) => new Map(before).set(message.id, !isOpen(message)));
  return (
    <section aria-label={last?.subject ?? t("list.no-subject")} className="flex h-full min-w-0 flex-col bg-paper">
      <div className="print-hidden flex min-h-12 items-center gap-1 border-b border-line px-2">
        <IconButton icon="back" label={t("act.back")} shortcut="u" onPress={back} />
        {toolbar}
        <span className="ms-auto"><IconButton icon="print" label={t("act.print")} onPress={() => window.print()} /></span>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto" data-thread={thread}>
        {error && (
          <div role="alert" className="flex flex-col items-start gap-2 p-4">
            <span className="text-danger">{error.message === "notFound" ? t("read.gone") : `${t("read.failed")} ${error.message}`}</span>
            <Button onPress={() => { setError(undefined); setAttempt((count) => count + 1); }}>{t("app.again")}</Button>
          </div>
        )}
        {!error && messages.length === 0 && <p className="p-4 text-quiet">{t("app.loading")}</p>}
        {messages.length > 0 && <h1 dir="auto" className="px-4 pt-4 pb-1 text-[18px] leading-snug font-semibold">{messages[0]?.subject?.trim() || t("list.no-subject")}</h1>}
        {messages.slice(0, -1).map((message) => (
          <MessageView key={message.id} message={message} isOpen={isOpen(message)} toggle={() => toggle(message)} answering={answering} />
        ))}
        <MessageView key="newest" message={last} isOpen={!last || isOpen(last)} toggle={() => last && toggle(last)} answering={answering} />
        {last && answering && !last.keywords.$draft && (
          <div className="print-hidden flex flex-wrap gap-2 p-4">
            <Button icon="reply" onPress={() => answering.reply(last)}>{t("act.reply")}</Button>
            <Button onPress={() => answering.replyAll(last)}>{t("act.reply-all")}</Button>
            <Button icon="forward" onPress={() => answering.forward(last)}>{t("act.forward")}</Button>
          </div>
        )}
      </div>
    </section>
  );
}
