// The accounts that somebody may look into: one's own, and those of others as far as they permit it.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Client } from "../jmap/client";
import { type Id, MAIL, type Session } from "../jmap/types";
import { useStore } from "../store/context";

/** Unread messages of other accounts are counted so often. */
const COUNT_MS = 60_000;

/** The start of the addresses that lead into an account: `/mail` for one's own. */
export function baseOf(session: Session, account: Id): string {
  return account === session.primaryAccounts[MAIL] ? "/mail" : `/mail/a/${account}`;
}

/** The account that an address leads into; one's own where it names none that may be seen. */
export function accountAt(session: Session, path: string): Id | undefined {
  const named = /^\/mail\/a\/([^/]+)/.exec(path)?.[1];
  return named !== undefined && session.accounts[named] ? named : session.primaryAccounts[MAIL];
}

async function unread(client: Client, accounts: Id[]): Promise<Map<Id, number>> {
  const batch = client.batch();
  const calls = accounts.map((accountId) => [accountId, batch.call("Mailbox/get", { accountId, ids: null, properties: ["role", "unreadEmails"] })] as const);
  await batch.send();
  return new Map(calls.map(([id, call]) => [id, call.value.list.find(({ role }) => role === "inbox")?.unreadEmails ?? 0]));
}

/** Leads into the other accounts; nothing where there are none. */
export function Accounts() {
  const { t, i18n } = useTranslation();
  const { client, accountId } = useStore();
  const { session } = client;
  const [counts, setCounts] = useState<Map<Id, number>>(new Map());
  const accounts = Object.entries(session.accounts);
  const others = accounts.filter(([id]) => id !== accountId).map(([id]) => id).join(" ");
  useEffect(() => {
    if (others === "") return undefined;
    // An account that was taken away meanwhile is not counted; whoever goes there is told.
    const count = () => void unread(client, others.split(" ")).then(setCounts, () => setCounts(new Map()));
    count();
    const timer = setInterval(count, COUNT_MS);
    return () => clearInterval(timer);
  }, [client, others]);
  if (others === "") return null;
  return (
    <nav aria-label={t("nav.accounts")} className="border-b border-line pb-2">
      <ul>
        {accounts.map(([id, { name, isPersonal, isReadOnly }]) => {
          const count = counts.get(id) ?? 0;
          return (
            <li key={id}>
              {/* Another account is another page: nothing of one is left when the other is looked at. */}
              <a
                href={`${baseOf(session, id)}/box/inbox`}
                aria-current={id === accountId ? "true" : undefined}
                className={`flex min-h-8 items-center gap-2 rounded-md px-2 hover:bg-hover ${id === accountId ? "bg-chosen font-semibold" : ""}`}
              >
                <span className="min-w-0 flex-1 truncate">
                  <bdi>{isPersonal ? t("nav.own-mail") : name}</bdi>
                  {isReadOnly && <span className="ms-2 font-normal text-quiet">{t("nav.read-only")}</span>}
                </span>
                {count > 0 && (
                  <span className="text-quiet tabular-nums">
                    <span aria-hidden="true">{new Intl.NumberFormat(i18n.language).format(count)}</span>
                    <span className="sr-only">{t("nav.unread", { count })}</span>
                  </span>
                )}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
