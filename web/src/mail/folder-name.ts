import type { TFunction } from "i18next";
import type { Mailbox } from "../jmap/types";
import type { IconName } from "../ui/icon";

/** What a mailbox is called: those with a role in the reader's language. */
export function folderName(t: TFunction, mailbox: Mailbox): string {
  return mailbox.role ? t(`role.${mailbox.role}`) : mailbox.name;
}

const icons: Record<string, IconName> = {
  inbox: "inbox", drafts: "draft", sent: "sent", archive: "archive", junk: "junk", trash: "trash", flagged: "flag", important: "flag",
};

export function folderIcon(mailbox: Mailbox): IconName {
  return icons[mailbox.role ?? ""] ?? "folder";
}

const ORDER = ["inbox", "important", "flagged", "drafts", "sent", "archive", "all", "junk", "trash"];

export interface Folder {
  mailbox: Mailbox;
  /** How many mailboxes it lies in. */
  depth: number;
}

/**
 * Mailboxes as they are listed: those with a role first, then by name, each followed by those within it. Those that somebody does not want
 * to see are there only where `every` is asked for.
 */
export function folders(mailboxes: Iterable<Mailbox>, tag: string, every = false): Folder[] {
  const all = [...mailboxes].filter((it) => every || it.isSubscribed || it.role);
  const known = new Set(all.map(({ id }) => id));
  const collator = new Intl.Collator(tag, { numeric: true });
  const rank = ({ role }: Mailbox) => (role === null ? ORDER.length : ORDER.indexOf(role));
  all.sort((one, other) => rank(one) - rank(other) || one.sortOrder - other.sortOrder || collator.compare(one.name, other.name));
  const listed: Folder[] = [];
  const list = (parent: string | null, depth: number) => {
    for (const mailbox of all) {
      const above = mailbox.parentId !== null && known.has(mailbox.parentId) ? mailbox.parentId : null;
      if (above !== parent || listed.some((it) => it.mailbox === mailbox)) continue;
      listed.push({ mailbox, depth });
      list(mailbox.id, depth + 1);
    }
  };
  list(null, 0);
  return listed;
}
