// One grant; whoever asked for it reads the mail that it opens here.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { size } from "../../i18n/format";
import { Button } from "../../ui/button";
import { useMay, useMe } from "../kit/me";
import { Block, Count, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";
import { deedsOf, type Grant, TONES } from "./grant";
import { GrantDeeds } from "./grant-deeds";
import { MailShown } from "./mail-shown";
import { Person, Remark, useAsked, useOfPage } from "./shared";

interface Mailbox {
  mailbox: string;
  messages: number;
}

interface Listed {
  uid: number;
  received: string;
  bytes: number;
  from: string | null;
  subject: string | null;
  preview: string | null;
}

export default function GrantScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const id = useOfPage("grant");
  const known = useAsked<Grant[]>(may("grant.read") ? "grant-list" : "grant-own", {});
  return (
    <ScreenPage title={t("grants.one")} back={{ to: "/grants", name: t("grants.title") }}>
      <Told of={known}>
        {(all) => {
          const found = all.find(({ grant }) => grant === id);
          if (!found) return <Remark tone="quiet">{t("grants.not-there")}</Remark>;
          const deeds = deedsOf(found, me.address, may);
          return (
            <>
              <Block title="grants.about-it" beside={<GrantDeeds of={found} deeds={deeds} done={known.again} />}>
                <p dir="auto" className="mb-3 text-[15px]">{found.reason}</p>
                <Known of={found} />
              </Block>
              {deeds.read && <Opened grant={found} />}
            </>
          );
        }}
      </Told>
    </ScreenPage>
  );
}

function Known({ of }: { of: Grant }) {
  const { t } = useTranslation();
  return (
    <Facts>
      <Fact name="grants.state"><Tone tone={TONES[of.state]}>{t(`grants.state-${of.state}`)}</Tone></Fact>
      <Fact name="grants.mail-of"><Person address={of.mail_of} /></Fact>
      <Fact name="grants.asked-by"><Person address={of.asked_by} /></Fact>
      <Fact name="grants.second"><Person address={of.second_person} /></Fact>
      <Fact name="grants.asked"><Moment at={of.asked} /></Fact>
      <Fact name="grants.until"><Moment at={of.until} /></Fact>
      <Fact name="grants.opens">{of.mailboxes.length === 0 ? t("grants.opens-all") : t("grants.opens-some", { count: of.mailboxes.length })}</Fact>
      <Fact name="grants.owner-told">{of.hold === null ? <Moment at={of.owner_told} /> : t("grants.held", { hold: of.hold })}</Fact>
    </Facts>
  );
}

/** The mail that the grant opens; each look is recorded. */
function Opened({ grant: { grant } }: { grant: Grant }) {
  const { t } = useTranslation();
  const boxes = useAsked<Mailbox[]>("grant-mail", { grant, mailbox: null });
  const [chosen, choose] = useState<string>();
  const [read, setRead] = useState<number>();
  return (
    <>
      <Remark tone="warning">{t("grants.recorded")}</Remark>
      <Block title="grants.mailboxes-open">
        <Told of={boxes}>
          {(list) => (
            <ul className="flex flex-wrap gap-2">
              {list.map((it) => (
                <li key={it.mailbox}>
                  <Button look={chosen === it.mailbox ? "first" : "plain"} onPress={() => { choose(it.mailbox); setRead(undefined); }}><bdi>{it.mailbox}</bdi> <Count of={it.messages} /></Button>
                </li>
              ))}
            </ul>
          )}
        </Told>
      </Block>
      {chosen !== undefined && <Messages key={chosen} grant={grant} mailbox={chosen} chosen={read} choose={setRead} />}
      {chosen !== undefined && read !== undefined && <Message key={`${chosen} ${read}`} grant={grant} mailbox={chosen} uid={read} />}
    </>
  );
}

function Messages({ grant, mailbox, chosen, choose }: { grant: string; mailbox: string; chosen: number | undefined; choose: (uid: number) => void }) {
  const { t, i18n } = useTranslation();
  const known = useAsked<{ messages: Listed[]; older_not_shown: number }>("grant-mail", { grant, mailbox });
  return (
    <Block title="grants.messages">
      <Told of={known}>
        {({ messages, older_not_shown: older }) => (
          <>
            {messages.length === 0 && <p className="text-quiet">{t("grants.messages-none")}</p>}
            <ul className="max-h-96 overflow-y-auto">
              {messages.toReversed().map((it) => (
                <li key={it.uid} className={`flex flex-wrap items-center gap-x-4 border-t border-line py-1 ${chosen === it.uid ? "bg-chosen" : ""}`}>
                  <div className="min-w-0 flex-1 basis-60">
                    <button type="button" dir="auto" className="text-start font-medium text-accent underline" onClick={() => choose(it.uid)}>{it.subject || t("mailshown.no-subject")}</button>
                    <div className="flex flex-wrap gap-x-3 text-quiet"><bdi>{it.from}</bdi><Moment at={it.received} /><span>{size(it.bytes, i18n.language)}</span></div>
                  </div>
                </li>
              ))}
            </ul>
            {older > 0 && <p className="text-quiet">{t("grants.older", { count: older })}</p>}
          </>
        )}
      </Told>
    </Block>
  );
}

function Message({ grant, mailbox, uid }: { grant: string; mailbox: string; uid: number }) {
  const known = useAsked<{ base64: string }>("grant-message", { grant, mailbox, uid });
  return <Block title="grants.message"><Told of={known}>{({ base64 }) => <MailShown base64={base64} name={`message-${uid}`} />}</Told></Block>;
}
