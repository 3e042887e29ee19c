// What can be done with conversations, each with its notice and the way back.

import { useTranslation } from "react-i18next";
import type { Id, Mailbox } from "../jmap/types";
import type { Change } from "../store/change";
import type { MailStore } from "../store/store";
import { useNotices } from "../ui/notices";
import { folderName } from "./folder-name";

export interface Actions {
  archive: (rows: Id[]) => void;
  remove: (rows: Id[]) => void;
  destroy: (rows: Id[]) => void;
  junk: (rows: Id[]) => void;
  move: (rows: Id[], to: Mailbox) => void;
  seen: (rows: Id[], seen: boolean) => void;
  flag: (rows: Id[], flagged: boolean) => void;
  keyword: (rows: Id[], keyword: string, there: boolean) => void;
}

/** Actions on rows of a list; `from` is the mailbox that is looked at, if it is one. */
export function useActions(store: MailStore, from: Mailbox | undefined): Actions {
  const { t } = useTranslation();
  const { say, fail } = useNotices();

  /** The messages that a row stands for: those of its conversation that lie here. */
  const meant = async (rows: Id[]) => {
    if (!from) return rows;
    const all = await store.members(rows);
    return all.filter((id) => store.summary(id)?.mailboxIds[from.id]);
  };
  const change = (rows: Id[], make: (ids: Id[]) => Change, told?: (count: number) => string) => {
    const work = async () => {
      const ids = await meant(rows);
      if (ids.length === 0) return;
      const undo = await store.change(ids, make(ids));
      if (!told) return;
      say(told(rows.length), async () => {
        await undo();
        say(t("done.undone"));
      });
    };
    work().catch(fail);
  };
  /** Out of where they are and into another. */
  const into = (to: Mailbox) => (ids: Id[]) => {
    const here = from ? [from.id] : ids.flatMap((id) => Object.keys(store.summary(id)?.mailboxIds ?? {}));
    return { mailboxes: { ...Object.fromEntries(here.map((id) => [id, false])), [to.id]: true } };
  };
  const intoRole = (rows: Id[], role: string, key: string) => {
    const to = store.mailboxOf(role);
    if (!to || to.id === from?.id) return;
    change(rows, into(to), (count) => t(key, { count }));
  };
  return {
    archive: (rows) => intoRole(rows, "archive", "done.archived"),
    remove: (rows) => intoRole(rows, "trash", "done.deleted"),
    destroy: (rows) => {
      const work = async () => {
        await store.destroy(await meant(rows));
        say(t("done.destroyed", { count: rows.length }));
      };
      work().catch(fail);
    },
    junk: (rows) => {
      if (from?.role === "junk") intoRole(rows, "inbox", "done.moved-inbox");
      else intoRole(rows, "junk", "done.junk");
    },
    move: (rows, to) => change(rows, into(to), (count) => t("done.moved", { count, folder: folderName(t, to) })),
    seen: (rows, seen) => change(rows, () => ({ keywords: { $seen: seen } })),
    keyword: (rows, name, there) => change(rows, () => ({ keywords: { [name]: there } })),
    flag: (rows, flagged) => {
      store.change(rows, { keywords: { $flagged: flagged } }).catch(fail);
    },
  };
}
