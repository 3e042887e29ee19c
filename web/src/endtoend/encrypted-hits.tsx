// What a search finds in one's own encrypted mail, above what the server finds.

import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { shortDate } from "../i18n/format";
import type { Id } from "../jmap/types";
import { split } from "../mail/search";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { lock, useUnlocked } from "./engine";
import { KeyGate } from "./key-gate";
import { ownKey } from "./own-key";
import { indexOf } from "./search-index";
import { wordsOf } from "./search-words";

/** Hits that are shown at first. */
const SHOWN = 20;

/** How often it is looked for new mail while a search is shown. */
const FOLLOW_EVERY_MS = 30_000;

/** Whether a browser of this account made a key: without one there is no encrypted mail. */
function useHasKey(): boolean {
  const { client, accountId } = useStore();
  const [has, setHas] = useState(false);
  useEffect(() => {
    let ended = false;
    ownKey(client, accountId).then((key) => ended || setHas(key !== undefined), () => {});
    return () => {
      ended = true;
    };
  }, [client, accountId]);
  return has;
}

export default function EncryptedHits({ q, open }: { q: string; open: (thread: Id) => void }) {
  const { t } = useTranslation();
  const unlocked = useUnlocked();
  const hasKey = useHasKey();
  const [asks, setAsks] = useState(false);
  const words = useMemo(() => wordsOf(split(q)), [q]);
  if (!hasKey) return null;
  return (
    <section aria-label={t("end.search")} className="max-h-64 shrink-0 overflow-y-auto border-b border-line bg-ground px-3 py-1.5">
      {words.unknown.length > 0 ? (
        <p className="text-quiet">{t("end.search-words-only", { operators: words.unknown.map((it) => `${it}:`).join(" ") })}</p>
      ) : unlocked === undefined ? (
        <p className="flex flex-wrap items-center gap-2 text-quiet">
          <Icon name="lock" />{t("end.search-locked")}
          <Button onPress={() => setAsks(true)}>{t("end.unlock")}</Button>
        </p>
      ) : (
        <Hits words={words} open={open} />
      )}
      <Dialog title={t("end.search")} isOpen={asks && unlocked === undefined} close={() => setAsks(false)}>
        <KeyGate>{null}</KeyGate>
      </Dialog>
    </section>
  );
}

function Hits({ words, open }: { words: ReturnType<typeof wordsOf>; open: (thread: Id) => void }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const index = indexOf(store);
  const [, setSteps] = useState(0);
  const [wrong, setWrong] = useState<string>();
  const [isAll, setAll] = useState(false);
  useEffect(() => {
    const tell = () => setSteps((steps) => steps + 1);
    const follow = () => void index?.follow(tell).then(() => setWrong(undefined), (error: Error) => setWrong(error.message));
    follow();
    const timer = setInterval(follow, FOLLOW_EVERY_MS);
    return () => clearInterval(timer);
  }, [index]);
  if (!index) return null;
  const found = index.find(words);
  const { done, total, isOver } = index.progress;
  return (
    <>
      <p className="flex flex-wrap items-center gap-2">
        <span className="me-auto font-semibold" role="status">{t("end.search-found", { count: found.length })}</span>
        {!isOver && <span className="text-quiet tabular-nums">{t("end.search-reading", { done, total })}</span>}
        <Button look="bare" onPress={lock}>{t("end.lock")}</Button>
      </p>
      {wrong && <p role="alert" className="text-danger">{t("app.error", { reason: wrong })}</p>}
      <ul>
        {found.slice(0, isAll ? undefined : SHOWN).map(({ id, threadId, subject, from, receivedAt }) => (
          <li key={id}>
            <button type="button" className="flex min-h-8 w-full items-center gap-2 rounded-md px-1 text-start hover:bg-hover" onClick={() => open(threadId)}>
              <Icon name="lock" />
              <span dir="auto" className="min-w-0 flex-1 truncate">{subject || t("list.no-subject")}</span>
              <span dir="auto" className="max-w-40 truncate text-quiet">{from}</span>
              <time dateTime={receivedAt} className="shrink-0 text-quiet">{shortDate(receivedAt, new Date(), i18n.language)}</time>
            </button>
          </li>
        ))}
      </ul>
      {found.length > SHOWN && !isAll && <Button look="bare" onPress={() => setAll(true)}>{t("end.search-all", { count: found.length })}</Button>}
    </>
  );
}
