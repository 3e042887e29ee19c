// Messages that wait for a second person: those to decide on, and one's own (docs/outbound.md).

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { act } from "./api";
import { Line, Section, Told, useDeed, useTold, When } from "./section";
import { type WaitingRead, WaitingShown } from "./waiting-shown";

interface WaitingMessage {
  id: string;
  sender: string | null;
  to: string[];
  subject: string;
  reason: string | null;
  rules: { rule: string; found: string[] }[];
  needs: { rule: string; by: string; given: boolean }[];
  state: string;
  expires: string;
  may_decide: boolean;
}

export function Approvals() {
  const { t, i18n } = useTranslation();
  const language = i18n.language.startsWith("zh") ? "zh" : "en";
  const [read] = useState(() => () => act<WaitingMessage[]>("outbound-waiting", { all: false, language }));
  const known = useTold(read);
  return (
    <Section title={t("approvals.title")}>
      <Told of={known}>
        {(list) => list.length === 0 ? <p className="text-quiet">{t("approvals.none")}</p> : (
          <ul>{list.map((it) => <Waits key={it.id} of={it} again={known.again} />)}</ul>
        )}
      </Told>
    </Section>
  );
}

function Waits({ of, again }: { of: WaitingMessage; again: () => void }) {
  const { t, i18n } = useTranslation();
  const deed = useDeed();
  const [note, setNote] = useState("");
  const [read, setRead] = useState<WaitingRead>();
  const look = () => deed(() => act<WaitingRead>("outbound-waiting-show", { message: of.id, language: i18n.language.startsWith("zh") ? "zh" : "en" }), setRead);
  const decide = (action: string) => deed(() => act(action, { message: of.id, note }), again);
  const rules = of.rules.map((it) => `${it.rule}${t("protect.colon")} ${it.found.join(t("outbound.and"))}`).join("; ");
  const facts = (
    <>
      <span>{t("approvals.of", { sender: of.sender ?? "", to: of.to.join(t("outbound.and")) })}</span>
      <span>{rules}</span>
      {of.reason && <span>{t("approvals.reason", { reason: of.reason })}</span>}
      <span>{t("approvals.until")} <When at={of.expires} /></span>
    </>
  );
  return (
    <Line name={of.subject || t("approvals.no-subject")} facts={facts}>
      {of.may_decide ? (
        <>
          <label className="flex items-center gap-2">
            <span className="text-quiet">{t("approvals.note")}</span>
            <input dir="auto" value={note} maxLength={500} onChange={(event) => setNote(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2" />
          </label>
          {!read && <Button onPress={look}>{t("approvals.read")}</Button>}
          <Button onPress={() => decide("outbound-approve")}>{t("approvals.approve")}</Button>
          <Button onPress={() => decide("outbound-refuse")}>{t("approvals.refuse")}</Button>
        </>
      ) : (
        <span className="text-quiet">{t("approvals.waits-for", { people: of.needs.filter((it) => !it.given).map((it) => it.by).join(t("outbound.and")) })}</span>
      )}
      {read && <div className="basis-full"><WaitingShown of={read} /></div>}
    </Line>
  );
}
