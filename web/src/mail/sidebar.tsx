import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Accounts } from "../account/accounts";
import { signOut } from "../account/session";
import { CONTACTS, RULES, VACATION } from "../jmap/types";
import { inOrder, labelsOf, searchFor } from "../labels/label";
import { Dot } from "../labels/marks";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { useNotices } from "../ui/notices";
import { ConsoleLink } from "./console-link";
import { folderIcon, folderName, folders } from "./folder-name";
import { boxName, mailboxAt, usePlace } from "./place";

const entry = "flex min-h-8 w-full items-center gap-2 rounded-md px-2 text-start hover:bg-hover";

/** The mailboxes, and what belongs to the account. */
interface Props {
  write: (() => void) | undefined;
  settings: () => void;
  /** Folders or labels are to be changed. */
  manage: (what: "folders" | "labels") => void;
  chosen: () => void;
}

export function Sidebar({ write, settings, manage, chosen }: Props) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const place = usePlace();
  const here = mailboxAt(store, place);
  const { fail } = useNotices();
  const leave = () => void signOut().then((gone) => gone || fail(t("offline.not-signed-out")), fail);
  return (
    <div className="flex h-full flex-col gap-2 overflow-y-auto p-2">
      <div className="px-2 pt-1 text-[15px] font-semibold text-accent">{t("app.name")}</div>
      <Accounts />
      {write && <Button look="first" icon="write" onPress={write}>{t("nav.write")}</Button>}
      <nav aria-label={t("nav.folders")} className="flex-1">
        <ul>
          {folders(store.mailboxes.values(), i18n.language).map(({ mailbox, depth }) => {
            const isHere = mailbox.id === here?.id;
            const count = mailbox.role === "drafts" ? mailbox.totalEmails : mailbox.unreadEmails;
            return (
              <li key={mailbox.id} style={{ paddingInlineStart: depth * 12 }}>
                <Link
                  to="/box/$box"
                  params={{ box: boxName(mailbox) }}
                  onClick={chosen}
                  aria-current={isHere ? "page" : undefined}
                  className={`${entry} ${isHere ? "bg-chosen font-semibold" : ""}`}
                >
                  <Icon name={folderIcon(mailbox)} />
                  <span className="min-w-0 flex-1 truncate"><bdi>{folderName(t, mailbox)}</bdi></span>
                  {count > 0 && (
                    <span className="text-quiet tabular-nums">
                      <span aria-hidden="true">{new Intl.NumberFormat(i18n.language).format(count)}</span>
                      <span className="sr-only">{t(mailbox.role === "drafts" ? "list.count" : "nav.unread", { count })}</span>
                    </span>
                  )}
                </Link>
              </li>
            );
          })}
        </ul>
        <Link to="/search" search={{ q: "is:waiting" }} onClick={chosen} className={entry}><Icon name="clock" />{t("nav.waiting")}</Link>
        <button type="button" className={`${entry} text-quiet`} onClick={() => manage("folders")}>{t("nav.manage")}</button>
        {labelsOf(store) && (
          <>
            {store.labels.length > 0 && <h2 className="px-2 pt-2 text-quiet">{t("label.labels")}</h2>}
            <ul>
              {inOrder(store.labels, i18n.language).map((label) => {
                const isHere = place.q === searchFor(label);
                return (
                  <li key={label.id}>
                    <Link to="/search" search={{ q: searchFor(label) }} onClick={chosen} aria-current={isHere ? "page" : undefined} className={`${entry} ${isHere ? "bg-chosen font-semibold" : ""}`}>
                      <span className="flex w-[18px] justify-center"><Dot color={label.color} /></span>
                      <span className="min-w-0 flex-1 truncate"><bdi>{label.name}</bdi></span>
                    </Link>
                  </li>
                );
              })}
            </ul>
            <button type="button" className={`${entry} text-quiet`} onClick={() => manage("labels")}>{t("label.manage")}</button>
          </>
        )}
      </nav>
      <div className="border-t border-line pt-2">
        <div className="truncate px-2 pb-1 text-quiet" title={store.client.session.username}>{t("nav.you", { address: store.client.session.username })}</div>
        <button type="button" className={entry} onClick={settings}>{t("nav.settings")}</button>
        {CONTACTS in store.client.session.capabilities && <Link to="/contacts" className={entry}>{t("nav.contacts")}</Link>}
        {(RULES in store.client.session.capabilities || VACATION in store.client.session.capabilities) && <Link to="/rules" className={entry}>{t("nav.rules")}</Link>}
        <Link to="/secure" className={entry}>{t("nav.secure")}</Link>
        <Link to="/account" className={entry}>{t("nav.account")}</Link>
        <ConsoleLink className={entry} />
        <button type="button" className={entry} onClick={leave}>{t("nav.sign-out")}</button>
      </div>
    </div>
  );
}
