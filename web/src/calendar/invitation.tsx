// An invitation above its message: what, when and where, and the answers to it.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { identityFor } from "../compose/draft";
import { Refused, refusedIn } from "../jmap/client";
import type { BodyPart, Identity, Message } from "../jmap/types";
import { useOwnStore, useStore } from "../store/context";
import type { MailStore } from "../store/store";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";
import { type Answer, answerTo, CALENDAR_BYTES_MAX, type Invite, letterOf, readInvite } from "./invite";

const ANSWERS: Answer[] = ["ACCEPTED", "TENTATIVE", "DECLINED"];

export default function Invitation({ message, part }: { message: Message; part: BodyPart }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const own = useOwnStore();
  const { say, fail } = useNotices();
  const [invite, setInvite] = useState<Invite>();
  const [given, setGiven] = useState<Answer>();
  const [isBusy, setBusy] = useState(false);
  const { blobId, size } = part;
  useEffect(() => {
    let ended = false;
    if (!blobId || size > CALENDAR_BYTES_MAX) return undefined;
    store.client.download(store.accountId, blobId, "text/calendar").then(
      async (blob) => {
        const read = blob && readInvite(await blob.text());
        if (!ended) setInvite(read);
      },
      // The file stands below the message all the same.
      () => {},
    );
    return () => {
      ended = true;
    };
  }, [store, blobId, size]);
  if (!invite) return null;

  const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
  const identity = own.identities.find((it) => invite.guests.some(({ email }) => same(email, it.email))) ?? identityFor(message, own.identities);
  const sender = message.from?.[0]?.email;
  const { organiser } = invite;
  const mayAnswer = invite.method === "REQUEST" && !invite.isCancelled && organiser !== undefined && identity !== undefined && !same(organiser.email, identity.email);
  const answer = (chosen: Answer) => {
    if (!organiser || !identity) return;
    setBusy(true);
    const subject = `${t(`invite.answered-${chosen}`)}: ${invite.summary}`;
    const guest = { name: identity.name, email: identity.email };
    const now = new Date();
    const calendar = answerTo(invite, guest, chosen, now);
    const letter = letterOf({ from: guest, to: organiser.email, subject, text: subject, calendar, inReplyTo: message.messageId?.[0], unique: crypto.randomUUID(), now });
    send(own, identity, organiser.email, letter)
      .then(() => {
        setGiven(chosen);
        say(t("invite.sent", { address: organiser.email }));
      })
      .catch(fail)
      .finally(() => setBusy(false));
  };
  const replied = invite.method === "REPLY" ? invite.guests[0] : undefined;
  return (
    <section aria-label={t("invite.title")} className="mb-2 rounded-md border border-line bg-ground px-3 py-2">
      <h2 dir="auto" className="font-semibold">{invite.summary || t("invite.title")}</h2>
      {invite.isCancelled && <p className="text-danger">{t("invite.cancelled")}</p>}
      {replied && <p>{t("invite.reply", { name: replied.name || replied.email, answer: t(`invite.answered-${ANSWERS.find((it) => it === replied.status) ?? "TENTATIVE"}`) })}</p>}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4">
        {invite.start && !Number.isNaN(invite.start.getTime()) && (
          <>
            <dt className="text-quiet">{t("invite.when")}</dt>
            <dd>{when(invite, i18n.language)}{invite.isRepeated && ` · ${t("invite.repeated")}`}</dd>
          </>
        )}
        {invite.location && <><dt className="text-quiet">{t("invite.where")}</dt><dd dir="auto">{invite.location}</dd></>}
        {organiser && <><dt className="text-quiet">{t("invite.organiser")}</dt><dd dir="auto">{organiser.name ? `${organiser.name} <${organiser.email}>` : organiser.email}</dd></>}
        {invite.guests.length > 0 && <><dt className="text-quiet">{t("invite.guests")}</dt><dd dir="auto">{invite.guests.slice(0, 8).map(({ name, email }) => name || email).join(", ")}{invite.guests.length > 8 && ` +${invite.guests.length - 8}`}</dd></>}
      </dl>
      {mayAnswer && sender && !same(sender, organiser.email) && <p className="mt-1 text-warning">{t("invite.other-organiser", { address: organiser.email })}</p>}
      {given ? (
        <p className="mt-2">{t("invite.given", { answer: t(`invite.answered-${given}`) })}</p>
      ) : (
        mayAnswer && (
          <div className="print-hidden mt-2 flex flex-wrap gap-2">
            {ANSWERS.map((it) => <Button key={it} look={it === "ACCEPTED" ? "first" : "plain"} isDisabled={isBusy} onPress={() => answer(it)}>{t(`invite.answer-${it}`)}</Button>)}
          </div>
        )
      )}
    </section>
  );
}

/** When it is, in the reader's own time. */
function when({ start, end, isWholeDay }: Invite, tag: string): string {
  if (!start) return "";
  const format = new Intl.DateTimeFormat(tag, isWholeDay ? { dateStyle: "full" } : { dateStyle: "full", timeStyle: "short" });
  const last = isWholeDay && end ? new Date(end.getTime() - 1) : end;
  const hasEnd = last !== undefined && last > start && !(isWholeDay && last.toDateString() === start.toDateString());
  const zone = isWholeDay ? "" : ` (${new Intl.DateTimeFormat(tag, { timeZoneName: "shortOffset" }).formatToParts(start).find(({ type }) => type === "timeZoneName")?.value ?? ""})`;
  return (hasEnd ? format.formatRange(start, last) : format.format(start)) + zone;
}

/** Sends a message that is made already; a copy of it is in Sent. */
async function send(store: MailStore, identity: Identity, to: string, letter: string): Promise<void> {
  const { accountId, client } = store;
  const sent = store.mailboxOf("sent")?.id;
  if (!sent) throw new Refused("mailboxNotFound");
  const { blobId } = await client.upload(accountId, new Blob([letter], { type: "message/rfc822" }), () => {}, new AbortController().signal);
  const batch = client.batch();
  const imported = batch.call("Email/import", { accountId, emails: { answer: { blobId, mailboxIds: { [sent]: true }, keywords: { $seen: true } } } });
  const envelope = { mailFrom: { email: identity.email }, rcptTo: [{ email: to }] };
  const submitted = batch.call("EmailSubmission/set", { accountId, create: { submission: { identityId: identity.id, emailId: "#answer", envelope } } });
  await batch.send();
  const refused = refusedIn(imported.value) ?? refusedIn(submitted.value);
  const id = imported.value.created?.answer?.id;
  if (refused && id) await client.call("Email/set", { accountId, destroy: [id] });
  if (refused) throw refused;
  store.wake();
}
