// What somebody asks about his own data: to be told, to have it, to have it set right, to have it rest or erased, to object (docs/subject-requests.md).

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { act } from "./api";
import { Line, Section, Told, useDeed, useTold, When } from "./section";

const KINDS = ["access", "export", "correction", "restriction", "erasure", "objection"] as const;
const LAWS = ["gdpr", "ccpa", "pipl"] as const;
type Kind = (typeof KINDS)[number];

interface OwnRequest {
  id: string;
  kind: Kind;
  law: (typeof LAWS)[number];
  state: "open" | "done" | "refused" | "withdrawn";
  received: string;
  due: string;
  extended: string | null;
  refused: string | null;
  hold: { id: string; name: string; since: string } | null;
  held: string | null;
  closed: string | null;
  letters: { sent: string; subject: string; text: string }[];
}

export function OwnRequests() {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<OwnRequest[]>("subject-request-own-list", {}));
  const known = useTold(read);
  const [isAsking, setAsking] = useState(false);
  return (
    <Section title={t("ownrequest.title")} beside={<Button onPress={() => setAsking(true)}>{t("ownrequest.ask")}</Button>}>
      <p className="mb-2 text-quiet">{t("ownrequest.about")}</p>
      <Told of={known}>
        {(list) => list.length === 0 ? <p className="text-quiet">{t("ownrequest.none")}</p> : <ul>{list.map((it) => <One key={it.id} of={it} again={known.again} />)}</ul>}
      </Told>
      <Dialog title={t("ownrequest.ask")} isOpen={isAsking} close={() => setAsking(false)}>
        <Ask done={() => { setAsking(false); known.again(); }} />
      </Dialog>
    </Section>
  );
}

function Ask({ done }: { done: () => void }) {
  const { t, i18n } = useTranslation();
  const deed = useDeed();
  const isChinese = i18n.language.startsWith("zh");
  const [kind, setKind] = useState<Kind>("access");
  const [law, setLaw] = useState<string>(isChinese ? "pipl" : "gdpr");
  const [note, setNote] = useState("");
  const box = "min-h-8 rounded-md border border-strong-line bg-paper px-2";
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        deed(() => act("subject-request-own-make", { kind, law, language: isChinese ? "zh" : "en", note }), done);
      }}
    >
      <label className="flex flex-col">
        <span className="text-quiet">{t("ownrequest.kind")}</span>
        <select className={box} value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
          {KINDS.map((it) => <option key={it} value={it}>{t(`ownrequest.kind-${it}`)}</option>)}
        </select>
      </label>
      <p className="max-w-prose text-quiet">{t(`ownrequest.what-${kind}`)}</p>
      <label className="flex flex-col">
        <span className="text-quiet">{t("ownrequest.law")}</span>
        <select className={box} value={law} onChange={(event) => setLaw(event.target.value)}>
          {LAWS.map((it) => <option key={it} value={it}>{t(`ownrequest.law-${it}`)}</option>)}
        </select>
      </label>
      <label className="flex flex-col">
        <span className="text-quiet">{t("ownrequest.note")}</span>
        <textarea dir="auto" rows={4} maxLength={1000} className={`${box} py-1`} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
      <div className="flex justify-end"><Button look="first" type="submit">{t("ownrequest.send")}</Button></div>
    </form>
  );
}

function One({ of, again }: { of: OwnRequest; again: () => void }) {
  const { t } = useTranslation();
  const deed = useDeed();
  const facts = (
    <>
      <span>{t(`ownrequest.state-${of.state}`)}</span>
      <span>{t(`ownrequest.law-${of.law}`)}</span>
      <span>{t("ownrequest.asked")} <When at={of.received} /></span>
      {of.state === "open" && <span>{t("ownrequest.until")} <When at={of.due} /></span>}
      {of.extended !== null && <span>{t("ownrequest.extended", { reason: of.extended })}</span>}
      {of.refused !== null && <span>{t("ownrequest.refused", { reason: of.refused })}</span>}
      {of.hold && <span>{t("ownrequest.hold", { name: of.hold.name, since: of.hold.since })}</span>}
      {of.held !== null && <span className="text-warning">{of.held}</span>}
    </>
  );
  return (
    <Line name={t("ownrequest.one", { kind: t(`ownrequest.kind-${of.kind}`), id: of.id })} facts={facts}>
      {of.state === "open" && <Button onPress={() => deed(() => act("subject-request-own-withdraw", { id: of.id }), again)}>{t("ownrequest.withdraw")}</Button>}
      {of.letters.length > 0 && (
        <details className="basis-full">
          <summary className="cursor-pointer">{t("ownrequest.answers", { count: of.letters.length })}</summary>
          {of.letters.map((letter) => (
            <section key={`${letter.sent} ${letter.subject}`} aria-label={letter.subject} className="border-t border-line py-1">
              <h3 dir="auto" className="font-medium">{letter.subject}</h3>
              <p dir="auto" className="whitespace-pre-wrap">{letter.text}</p>
            </section>
          ))}
        </details>
      )}
    </Line>
  );
}
