// A message may ask to be told that it was read (RFC 8098). Nobody is told unless the reader says so.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { identityFor } from "../compose/draft";
import { Refused } from "../jmap/client";
import { MDN, type Message, RECEIPT } from "../jmap/types";
import { useOwnStore, useStore } from "../store/context";
import type { MailStore } from "../store/store";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";

/** The keyword of messages whose sender was told, or is not to be. */
const ANSWERED = "$mdnsent";

/** Tells the sender that somebody has read it; what was told already is not told again. */
async function sendReceipt(store: MailStore, message: Message, identityId: string): Promise<void> {
  const disposition = { actionMode: "manual-action", sendingMode: "mdn-sent-manually", type: "displayed" };
  const { notSent } = await store.client.call("MDN/send", { accountId: store.accountId, identityId, send: { read: { forEmailId: message.id, disposition } } });
  store.wake();
  const refused = notSent?.read;
  if (refused && refused.type !== "mdnAlreadySent") throw new Refused(refused.type, refused.description);
}

/** The quiet line that asks; nothing where nobody asks, or it was answered. */
export function Receipt({ message }: { message: Message }) {
  const { t } = useTranslation();
  const store = useStore();
  const own = useOwnStore();
  const { say, fail } = useNotices();
  const [isBusy, setBusy] = useState(false);
  const wanted = message[RECEIPT] ?? [];
  const identity = identityFor(message, own.identities) ?? own.identities[0];
  const isOwn = message.from?.some(({ email }) => own.identities.some((it) => it.email.toLowerCase() === email.toLowerCase())) ?? false;
  if (wanted.length === 0 || isOwn || store !== own || !identity || !(MDN in store.client.session.capabilities) || message.keywords.$draft || message.keywords[ANSWERED]) return null;
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    work().catch(fail).finally(() => setBusy(false));
  };
  const send = async () => {
    await sendReceipt(store, message, identity.id);
    say(t("done.receipt-sent"));
  };
  const refuse = async () => {
    const undo = await store.change([message.id], { keywords: { [ANSWERED]: true } });
    say(t("done.receipt-not"), async () => {
      await undo();
      say(t("done.undone"));
    });
  };
  return (
    <div role="note" className="print-hidden mb-2 flex flex-wrap items-center gap-2 rounded-md border border-line px-3 py-1.5 text-quiet">
      <span dir="auto" className="min-w-0 flex-1 basis-60">{t("read.receipt", { address: wanted.map(({ email }) => email).join(", ") })}</span>
      <Button isDisabled={isBusy} onPress={() => run(send)}>{t("read.receipt-send")}</Button>
      <Button look="bare" isDisabled={isBusy} onPress={() => run(refuse)}>{t("read.receipt-not")}</Button>
    </div>
  );
}
