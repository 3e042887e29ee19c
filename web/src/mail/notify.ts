// Tells of new mail through the system while somebody looks elsewhere.

import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { namesOf } from "../i18n/format";
import type { Id } from "../jmap/types";
import { usePreferences } from "../settings/preferences";
import type { MailStore } from "../store/store";
import type { Go } from "./place";

/** Messages that are told one by one; of more, only how many they are. */
const ONE_BY_ONE_MAX = 3;

/** Whether the browser can tell of something, and somebody let it. */
export function mayNotify(): boolean {
  return "Notification" in window && Notification.permission === "granted";
}

/** Asks whether the page may tell of something. */
export async function askToNotify(): Promise<boolean> {
  return "Notification" in window && (await Notification.requestPermission()) === "granted";
}

export function useNotifications(store: MailStore, go: Go): void {
  const { t } = useTranslation();
  const { notifies } = usePreferences();
  const open = go.thread;
  useEffect(() => {
    if (!notifies) return undefined;
    const arrived = async (ids: Id[]) => {
      if (document.visibilityState === "visible" || !mayNotify()) return;
      const { list } = await store.client.call("Email/get", { accountId: store.accountId, ids, properties: ["id", "threadId", "mailboxIds", "keywords", "from", "subject"] });
      const inbox = store.mailboxOf("inbox")?.id ?? "";
      const fresh = list.filter(({ mailboxIds, keywords }) => mailboxIds[inbox] && !keywords.$seen && !keywords.$draft);
      if (fresh.length > ONE_BY_ONE_MAX) {
        const note = new Notification(t("app.name"), { body: t("nav.unread", { count: fresh.length }), tag: "many" });
        note.addEventListener("click", () => window.focus());
        return;
      }
      for (const { id, threadId, from, subject } of fresh) {
        const note = new Notification(namesOf(from) || t("list.no-sender"), { body: subject?.trim() || t("list.no-subject"), tag: id });
        note.addEventListener("click", () => {
          window.focus();
          open(threadId);
          note.close();
        });
      }
    };
    // What cannot be told of is in the list all the same.
    const listener = (ids: Id[]) => void arrived(ids).catch(() => {});
    store.arrivals.add(listener);
    return () => void store.arrivals.delete(listener);
  }, [notifies, store, open, t]);
}
