// What can be done with the conversations that are selected or open.

import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Mailbox } from "../jmap/types";
import { useStore } from "../store/context";
import { mayIn } from "../store/rights";
import { IconButton } from "../ui/button";

const MoveMenu = lazy(() => import("./move-menu"));

export interface Deeds {
  archive: () => void;
  remove: () => void;
  junk: () => void;
  move: (to: Mailbox) => void;
  seen: (seen: boolean) => void;
  flag: (flagged: boolean) => void;
  /** Absent where there are no labels. */
  label: (() => void) | undefined;
}

export function Toolbar({ ids, mailbox, deeds }: { ids: Id[]; mailbox: Mailbox | undefined; deeds: Deeds }) {
  const { t } = useTranslation();
  const store = useStore();
  const messages = ids.flatMap((id) => store.summary(id) ?? []);
  const allSeen = messages.every((it) => it.keywords.$seen);
  const allFlagged = messages.length > 0 && messages.every((it) => it.keywords.$flagged);
  const forGood = mailbox?.role === "trash" || mailbox?.role === "junk";
  const isDisabled = messages.length === 0;
  const mayTake = mayIn(store, mailbox, "mayRemoveItems");
  return (
    <div role="toolbar" aria-label={t("act.more")} className="flex min-w-0 items-center overflow-x-auto">
      {mayTake && mailbox?.role !== "archive" && store.mailboxOf("archive") && <IconButton icon="archive" label={t("act.archive")} shortcut="e" isDisabled={isDisabled} onPress={deeds.archive} />}
      {mayTake && <IconButton icon="trash" label={t(forGood ? "act.delete-for-good" : "act.delete")} shortcut="#" isDisabled={isDisabled} onPress={deeds.remove} />}
      {mayTake && store.mailboxOf("junk") && mailbox?.role !== "drafts" && mailbox?.role !== "sent" && (
        <IconButton icon={mailbox?.role === "junk" ? "inbox" : "junk"} label={t(mailbox?.role === "junk" ? "act.not-junk" : "act.junk")} shortcut="!" isDisabled={isDisabled} onPress={deeds.junk} />
      )}
      {mayIn(store, mailbox, "maySetSeen") && <IconButton icon={allSeen ? "unseen" : "seen"} label={t(allSeen ? "act.unseen" : "act.seen")} shortcut={allSeen ? "U" : "I"} isDisabled={isDisabled} onPress={() => deeds.seen(!allSeen)} />}
      {mayIn(store, mailbox, "maySetKeywords") && <IconButton icon="flag" filled={allFlagged} label={t(allFlagged ? "act.unflag" : "act.flag")} shortcut="s" isDisabled={isDisabled} onPress={() => deeds.flag(!allFlagged)} />}
      {deeds.label && <IconButton icon="label" label={t("label.put")} shortcut="l" isDisabled={isDisabled} onPress={deeds.label} />}
      {mayTake && (
        <Suspense fallback={<IconButton icon="move" label={t("act.move")} isDisabled />}>
          <MoveMenu mailbox={mailbox} isDisabled={isDisabled} move={deeds.move} />
        </Suspense>
      )}
    </div>
  );
}
