// Keeps the newest mail in this browser, and sends what waits once the server is reached.

import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { saveDraft, sendSaved, UNDO_SECONDS } from "../compose/sending";
import { Unreachable } from "../jmap/client";
import { usePreferences } from "../settings/preferences";
import { NEWEST_FIRST } from "../store/list";
import type { MailStore } from "../store/store";
import { useNotices } from "../ui/notices";
import { keep, keepPage, putIntoOutbox, readOutbox, takeFromOutbox, type Waiting } from "./kept";

/** Messages that are kept. */
const MESSAGES_MAX = 50;
/** What has changed is kept after so long. */
const KEEP_AFTER_MS = 5000;

/** Keeps the newest messages of the inbox, if somebody wants that. */
export function useKeeping(store: MailStore): void {
  const { offline } = usePreferences();
  const { version, reached } = store;
  useEffect(() => {
    if (offline) keepPage().catch(() => {});
  }, [offline]);
  useEffect(() => {
    const box = store.mailboxOf("inbox")?.id;
    if (!offline || !reached || !box) return undefined;
    const query = { filter: { inMailbox: box }, sort: NEWEST_FIRST, collapseThreads: true };
    const work = async () => {
      const dump = await store.dump(query, MESSAGES_MAX);
      if (dump) await keep({ session: store.client.session, account: store.accountId, dump });
    };
    // What cannot be kept is read from the server, as always; a browser may have no room for it.
    const timer = setTimeout(() => void work().catch(() => {}), KEEP_AFTER_MS);
    return () => clearTimeout(timer);
  }, [store, version, reached, offline]);
}

export interface Outbox {
  waiting: Waiting[];
  /** Puts a message there. */
  put: (waiting: Omit<Waiting, "key" | "account">) => Promise<void>;
  /** Takes one out, to be written on. */
  take: (waiting: Waiting) => Promise<void>;
}

/** Sends one of them. Says whether it is gone from the outbox. */
async function sendOne(store: MailStore, one: Waiting): Promise<boolean> {
  const { accountId, client } = store;
  if (one.savedId) {
    // The answer to an earlier attempt may have been lost: what is no draft any more was sent.
    const { list } = await client.call("Email/get", { accountId, ids: [one.savedId], properties: ["id", "keywords"] });
    if (list[0] && !list[0].keywords.$draft) return true;
  }
  const identity = store.identities.find((it) => it.id === one.draft.identityId) ?? store.identities[0];
  if (!identity) return false;
  const savedId = await saveDraft(store, one.draft, identity, one.savedId);
  await putIntoOutbox({ ...one, savedId });
  await sendSaved(store, one.draft, identity, savedId, new Date(Math.max(one.at, Date.now() + UNDO_SECONDS * 1000)));
  return true;
}

export function useOutbox(store: MailStore): Outbox {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const [waiting, setWaiting] = useState<Waiting[]>([]);
  const { reached } = store;
  const read = useCallback(async () => setWaiting((await readOutbox()).filter(({ account }) => account === store.accountId)), [store]);
  useEffect(() => {
    read().catch(() => {});
  }, [read]);
  useEffect(() => {
    if (!reached || waiting.length === 0) return undefined;
    let ended = false;
    const work = async () => {
      // Two pages of one browser do not send the same twice.
      await navigator.locks.request("tradewind-outbox", async () => {
        for (const one of (await readOutbox()).filter(({ account }) => account === store.accountId)) {
          if (ended || !(await sendOne(store, one))) return;
          await takeFromOutbox(one.key);
          say(t("offline.sent", { subject: one.draft.subject || t("list.no-subject") }));
        }
      });
      await read();
    };
    work().catch((error: unknown) => {
      if (!(error instanceof Unreachable)) fail(error);
    });
    return () => {
      ended = true;
    };
  }, [store, reached, waiting.length, read, say, fail, t]);
  const put = useCallback(
    async (one: Omit<Waiting, "key" | "account">) => {
      await putIntoOutbox({ ...one, account: store.accountId });
      await read();
    },
    [store, read],
  );
  const take = useCallback(
    async ({ key }: Waiting) => {
      await takeFromOutbox(key);
      await read();
    },
    [read],
  );
  return { waiting, put, take };
}
