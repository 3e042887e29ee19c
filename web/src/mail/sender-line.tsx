// Who wrote a message, in words: whether the domain vouches for it, how long it is known, what it looks like.

import { useTranslation } from "react-i18next";
import type { EmailSender } from "../jmap/types";

/** Whether the sender is somebody whom we know and who is proven to be it. */
export function isProven(sender: EmailSender | undefined): boolean {
  return sender !== undefined && sender.looksLike === null && (sender.relation === "colleague" || (sender.relation === "partner" && sender.isVerified === true));
}

export function SenderLine({ sender, isOwn }: { sender: EmailSender | undefined; isOwn: boolean }) {
  const { t, i18n } = useTranslation();
  if (!sender?.relation || isOwn) return null;
  const { relation, domain, isVerified, looksLike } = sender;
  const since = sender.since && new Intl.DateTimeFormat(i18n.language, { month: "long", year: "numeric" }).format(new Date(sender.since));
  const about: { text: string; look: string }[] = [];
  const say = (text: string, look = "text-quiet") => about.push({ text, look });
  const danger = "font-semibold text-danger";
  if (looksLike) say(t("sender.looks-like", { known: looksLike }), danger);
  if (relation === "colleague") say(t("sender.colleague"), "text-ok");
  else if (relation === "unproven") say(t("sender.unproven", { domain: domain ?? "" }), isVerified === false ? danger : "text-warning");
  else if (isVerified === true) say(t("sender.verified", { domain: domain ?? "" }), looksLike ? "text-quiet" : "text-ok");
  else if (isVerified === false) say(t("sender.forged", { domain: domain ?? "" }), danger);
  else say(t("sender.not-verified", { domain: domain ?? "" }));
  if (relation === "partner") say(t("sender.partner", { since: since ?? "" }));
  else if (relation === "seen") say(t("sender.seen", { since: since ?? "" }));
  else if (relation === "first") say(t("sender.first"), "text-warning");
  return (
    <p aria-label={t("sender.label")} role="note" className="mb-2 flex flex-wrap gap-x-3">
      {about.map(({ text, look }) => <span key={text} dir="auto" className={look}>{text}</span>)}
    </p>
  );
}
