// What can be done with the conversations that are selected or open.

import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { Id, Mailbox } from "../jmap/types";
import { useStore } from "../store/context";
import { mayIn } from "../store/rights";
import { IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { folderIcon, folderName, folders } from "./folder-name";

export interface Deeds {
  archive: () => void;
  remove: () => void;
  junk: () => void;
  move: (to: Mailbox) => void;
  seen: (seen: boolean) => void;
  flag: (flagged: boolean) => void;
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
      {mayTake && <MoveMenu mailbox={mailbox} isDisabled={isDisabled} move={deeds.move} />}
    </div>
  );
}

function MoveMenu({ mailbox, isDisabled, move }: { mailbox: Mailbox | undefined; isDisabled: boolean; move: (to: Mailbox) => void }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const targets = folders(store.mailboxes.values(), i18n.language).filter(({ mailbox: it }) => it.id !== mailbox?.id && it.myRights.mayAddItems && it.role !== "drafts");
  return (
    <MenuTrigger>
      <AriaButton isDisabled={isDisabled} aria-label={t("act.move")} className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-quiet data-[disabled]:opacity-40 data-[hovered]:bg-hover data-[hovered]:text-text">
        <Icon name="move" />
      </AriaButton>
      <Popover className="max-h-80 min-w-48 overflow-y-auto rounded-lg border border-line bg-paper p-1">
        <Menu aria-label={t("act.move")} className="outline-none" onAction={(key) => {
          const to = store.mailboxes.get(String(key));
          if (to) move(to);
        }}>
          {targets.map(({ mailbox: it, depth }) => (
            <MenuItem key={it.id} id={it.id} textValue={folderName(t, it)} className="flex min-h-8 items-center gap-2 rounded-md px-2 outline-none data-[focused]:bg-hover">
              <span style={{ inlineSize: depth * 12 }} />
              <Icon name={folderIcon(it)} />
              <span dir="auto">{folderName(t, it)}</span>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
