// The mailboxes that what is selected can be moved into.

import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { Mailbox } from "../jmap/types";
import { useStore } from "../store/context";
import { Icon } from "../ui/icon";
import { folderIcon, folderName, folders } from "./folder-name";

export default function MoveMenu({ mailbox, isDisabled, move }: { mailbox: Mailbox | undefined; isDisabled: boolean; move: (to: Mailbox) => void }) {
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
