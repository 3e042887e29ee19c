// What can be done with all that a list holds, known here or not.

import { useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Filter, Id, Mailbox } from "../jmap/types";
import type { MailStore } from "../store/store";
import { type Make, sweep } from "../store/sweep";
import { useNotices } from "../ui/notices";
import { folderName } from "./folder-name";

export interface Everything {
  /** How far it is, while something is done. */
  progress: { done: number; total: number } | undefined;
  stop: () => void;
  archive: () => void;
  remove: () => void;
  destroy: () => void;
  junk: () => void;
  move: (to: Mailbox) => void;
  seen: (seen: boolean) => void;
  flag: (flagged: boolean) => void;
  keyword: (keyword: string, there: boolean) => void;
}

/** Out of where a message is (of `from`, if that is looked at) and into another mailbox. */
export function into(to: Id, from: Id | undefined): Make {
  return ({ mailboxIds }) => {
    const here = from === undefined ? Object.keys(mailboxIds) : [from];
    return { mailboxes: { ...Object.fromEntries(here.map((id) => [id, false])), [to]: true } };
  };
}

/** Actions on all messages that fit `filter`; `from` is the mailbox that is looked at, if it is one. */
export function useEverything(store: MailStore, filter: Filter, from: Mailbox | undefined): Everything {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const [progress, setProgress] = useState<Everything["progress"]>();
  const stopping = useRef<AbortController | undefined>(undefined);

  const run = (make: Make, told: (count: number) => string) => {
    // One at a time: another would change what the first counts on.
    if (stopping.current) return;
    const stop = new AbortController();
    stopping.current = stop;
    setProgress({ done: 0, total: 0 });
    const work = async () => {
      try {
        const { count, stopped, undo } = await sweep(store, filter, make, { tell: (done, total) => setProgress({ done, total }), stop: stop.signal });
        const takeBack = undo && (async () => {
          await undo();
          say(t("done.undone"));
        });
        say(stopped ? `${t("done.stopped")} ${told(count)}` : told(count), count > 0 ? takeBack : undefined);
      } finally {
        stopping.current = undefined;
        setProgress(undefined);
      }
    };
    work().catch(fail);
  };
  const intoRole = (role: string, key: string) => {
    const to = store.mailboxOf(role);
    if (to && to.id !== from?.id) run(into(to.id, from?.id), (count) => t(key, { count }));
  };
  const keyword = (name: string, there: boolean) => run(() => ({ keywords: { [name]: there } }), (count) => t("done.changed", { count }));
  return {
    progress,
    stop: useCallback(() => stopping.current?.abort(), []),
    archive: () => intoRole("archive", "done.archived"),
    remove: () => intoRole("trash", "done.deleted"),
    destroy: () => run(() => "destroy", (count) => t("done.destroyed", { count })),
    junk: () => (from?.role === "junk" ? intoRole("inbox", "done.moved-inbox") : intoRole("junk", "done.junk")),
    move: (to) => run(into(to.id, from?.id), (count) => t("done.moved", { count, folder: folderName(t, to) })),
    seen: (seen) => keyword("$seen", seen),
    flag: (flagged) => keyword("$flagged", flagged),
    keyword,
  };
}
