// One case of payment: what is asked beside what is on file, whom to call, what was done, and how it ends.

import { Link, useParams } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { FormButton } from "../kit/form";
import { useMay, useMe } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { aboutOf, CASE_TONES, type CaseRow } from "./cases-screen";
import { Author, Colleague, type Finding, Findings } from "./evidence";
import { type Account, Accounts } from "./ledger";

interface Event {
  time: string;
  who?: string | null;
  what: string;
  note: string;
}

export interface Case extends CaseRow {
  message_id: string;
  to: string[];
  findings: Finding[];
  asked: Account[];
  on_file: Account[];
  phones: string[];
  events: Event[];
  /** What the partner should be told of fraud. */
  partner_notice?: string;
}

const isOpen = ({ state }: CaseRow) => state === "open" || state === "proposed";

/** Who has proposed that it is honest, while a second person has not agreed. */
export function proposer({ state, events }: Pick<Case, "state" | "events">): string | undefined {
  if (state !== "proposed") return undefined;
  return events.findLast(({ what }) => what === "proposed")?.who ?? "";
}

export default function CaseScreen() {
  const { t } = useTranslation();
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const language = useSaid();
  const read = useCallback(() => act<Case>("guard-case-show", { id, language }), [id, language]);
  const known = useTold(read);
  return (
    <ScreenPage title={known.told?.subject || t("cases.one")} back={{ to: "/cases", name: t("cases.title") }}>
      <Told of={known}>{(found) => <Shown of={found} again={known.again} />}</Told>
    </ScreenPage>
  );
}

function Shown({ of, again }: { of: Case; again: () => void }) {
  const { t } = useTranslation();
  const isAccount = of.direction === "account";
  return (
    <>
      <Head of={of} again={again} />
      {!isAccount && (
        <Block title="cases.compare">
          <div className="grid gap-4 sm:grid-cols-2">
            <div className="min-w-0"><h3 className="mb-1 font-medium">{t("cases.asked")}</h3><Accounts of={of.asked} none="cases.asked-none" isAsked /></div>
            <div className="min-w-0"><h3 className="mb-1 font-medium">{t(of.direction === "out" ? "cases.on-file-ours" : "cases.on-file")}</h3><Accounts of={of.on_file} none="cases.on-file-none" /></div>
          </div>
        </Block>
      )}
      {!isAccount && <Phones of={of} again={again} />}
      <Block title="cases.findings"><Findings of={of.findings} /></Block>
      <Block title="cases.message">
        <Facts>
          <Fact name="cases.from">{isAccount ? <Colleague address={of.from} /> : <Author of={of.from} />}</Fact>
          {!isAccount && <Fact name="cases.partner"><Link to={`/partners/of/${encodeURIComponent(of.partner)}`} className="text-accent underline"><bdi>{of.partner}</bdi></Link></Fact>}
          {of.to.length > 0 && <Fact name="cases.to"><bdi>{of.to.join(", ")}</bdi></Fact>}
          {!isAccount && <Fact name="cases.subject">{of.subject || t("evidence.no-subject")}</Fact>}
          <Fact name="cases.what">{t(aboutOf(of))}</Fact>
          <Fact name="cases.time"><Moment at={of.time} /></Fact>
          {!isAccount && <Fact name="cases.judged"><Link to={`/threats/mail/${of.case}`} className="text-accent underline">{t("cases.judged-show")}</Link></Fact>}
        </Facts>
      </Block>
      {of.partner_notice && <Notice of={of} again={again} />}
      <Done of={of} again={again} />
    </>
  );
}

/** How far it is, the one alarm, and the decision. */
function Head({ of, again }: { of: Case; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const { address } = useMe();
  const by = proposer(of);
  const mayDecide = may("guard.change") && isOpen(of);
  const next = of.direction !== "account" ? of.state : isOpen(of) ? "account-open" : "account-closed";
  const note = { name: "note", label: "cases.note", hint: "cases.note-hint", kind: "long" as const };
  return (
    <div className={`flex flex-col gap-2 rounded-lg border bg-paper p-4 ${of.state === "open" ? "border-danger" : "border-line"}`}>
      <p><Tone tone={CASE_TONES[of.state]}>{t(`cases.state-${of.state}`)}</Tone></p>
      <p className="max-w-3xl">{t(`cases.next-${next}`, { who: by === undefined || by === "" ? t("cases.operator") : by })}</p>
      {mayDecide && (
        <div className="flex flex-wrap gap-2 print-hidden">
          {by !== address && (
            <FormButton<{ state?: string }>
              label={of.state === "proposed" ? "cases.agree" : "cases.honest"}
              action="guard-case-close"
              fixed={{ id: of.case, honest: true }}
              fields={[note]}
              submit={of.state === "proposed" ? "cases.agree" : "cases.honest"}
              done={again}
            />
          )}
          <FormButton label="cases.fraud" look="danger" action="guard-case-close" fixed={{ id: of.case, honest: false }} fields={[note]} submit="cases.fraud" done={again} />
        </div>
      )}
    </div>
  );
}

/** The numbers on file, and the record of a call. Never the number in the message. */
function Phones({ of, again }: { of: Case; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <Block title="cases.phones">
      {of.phones.length === 0 ? <p>{t("pay.no-phone")}</p> : (
        <>
          <p className="mb-1">{t("pay.call")}</p>
          <ul>{of.phones.map((phone) => <li key={phone}><a href={`tel:${phone}`} dir="ltr" className="text-[15px] font-medium text-accent underline">{phone}</a></li>)}</ul>
          {may("guard.change") && isOpen(of) && (
            <div className="mt-2">
              <FormButton
                label="cases.call"
                action="guard-case-note"
                fixed={{ id: of.case, what: "phoned" }}
                fields={[
                  { name: "phone", label: "cases.call-number", kind: "choice", options: of.phones.map((phone): [string, string] => [phone, phone]) },
                  { name: "said", label: "cases.call-said", hint: "cases.call-said-hint", kind: "long" },
                ]}
                body={({ phone, said }) => ({ note: `${String(phone)} ${String(said)}` })}
                submit="pay.record"
                done={again}
              />
            </div>
          )}
        </>
      )}
    </Block>
  );
}

/** What the partner should hear of fraud in his name. */
function Notice({ of, again }: { of: Case; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const { say, fail } = useNotices();
  const isTold = of.events.some(({ what }) => what === "partner-told");
  return (
    <Block title="cases.notice">
      <p className="mb-2">{isTold ? <Tone tone="ok">{t("cases.notice-told")}</Tone> : t("cases.notice-about")}</p>
      <p dir="auto" className="mb-2 rounded-md border border-line bg-ground p-3 whitespace-pre-wrap">{of.partner_notice}</p>
      <div className="flex flex-wrap gap-2 print-hidden">
        <Button onPress={() => void navigator.clipboard.writeText(of.partner_notice ?? "").then(() => say(t("cases.copied")), fail)}>{t("cases.copy")}</Button>
        {may("guard.change") && <FormButton label="cases.tell" action="guard-case-note" fixed={{ id: of.case, what: "partner-told" }} fields={[{ name: "note", label: "cases.tell-how", hint: "cases.tell-how-hint" }]} submit="cases.tell" done={again} />}
      </div>
    </Block>
  );
}

function Done({ of, again }: { of: Case; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const note = may("guard.change") && isOpen(of) && (
    <FormButton label="cases.add-note" action="guard-case-note" fixed={{ id: of.case, what: "noted" }} fields={[{ name: "note", label: "cases.note", kind: "long" }]} submit="cases.add-note" done={again} />
  );
  return (
    <Block title="cases.events" beside={note}>
      {of.events.length === 0 && <p className="text-quiet">{t("cases.events-none")}</p>}
      <ol>
        {of.events.map((event) => (
          <li key={`${event.time} ${event.what}`} className="border-t border-line py-1.5 first:border-t-0">
            <div className="flex flex-wrap gap-x-3"><Moment at={event.time} /><span className="font-medium">{t(`cases.event-${event.what}`)}</span>{event.who ? <Colleague address={event.who} /> : <span className="text-quiet">{t("cases.operator")}</span>}</div>
            <div dir="auto" className="whitespace-pre-wrap">{event.note}</div>
          </li>
        ))}
      </ol>
    </Block>
  );
}
