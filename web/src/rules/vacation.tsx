// The automatic reply (RFC 8621 section 8).

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Section, Told, useTold } from "../account/section";
import { refusedIn } from "../jmap/client";
import type { VacationResponse } from "../jmap/types";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";

export function Vacation() {
  const { t } = useTranslation();
  const store = useOwnStore();
  const { say, fail } = useNotices();
  const [read] = useState(() => async () => (await store.client.call("VacationResponse/get", { accountId: store.accountId, ids: ["singleton"] })).list[0]);
  const known = useTold(read);
  const set = (update: Partial<VacationResponse>) => {
    const work = async () => {
      const refused = refusedIn(await store.client.call("VacationResponse/set", { accountId: store.accountId, update: { singleton: update } }));
      if (refused) throw refused;
      known.again();
      say(t("settings.saved"));
    };
    work().catch(fail);
  };
  return (
    <Section title={t("vacation.title")}>
      <p className="mb-3 text-quiet">{t("vacation.why")}</p>
      <Told of={known}>{(told) => (told ? <Form reply={told} set={set} /> : null)}</Told>
    </Section>
  );
}

/** A moment as a field for it has it, in the time of this place. */
function local(moment: string | null): string {
  if (!moment) return "";
  const date = new Date(moment);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function utc(text: string): string | null {
  return text === "" ? null : new Date(text).toISOString().replace(/\.\d+Z$/, "Z");
}

const field = "min-h-8 min-w-0 rounded-md border border-strong-line bg-paper px-2";

function Form({ reply, set }: { reply: VacationResponse; set: (update: Partial<VacationResponse>) => void }) {
  const { t } = useTranslation();
  const [now, setNow] = useState({ isEnabled: reply.isEnabled, from: local(reply.fromDate), to: local(reply.toDate), subject: reply.subject ?? "", text: reply.textBody ?? "" });
  const [wrong, setWrong] = useState<string>();
  const change = (part: Partial<typeof now>) => {
    setWrong(undefined);
    setNow((before) => ({ ...before, ...part }));
  };
  const submit = () => {
    const { isEnabled, from, to, subject, text } = now;
    if (isEnabled && text.trim() === "") setWrong(t("vacation.no-text"));
    else if (from !== "" && to !== "" && from >= to) setWrong(t("vacation.bad-dates"));
    else set({ isEnabled, fromDate: utc(from), toDate: utc(to), subject: subject.trim() || null, textBody: text, htmlBody: null });
  };
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label className="flex items-center gap-2">
        <input type="checkbox" className="accent-accent" checked={now.isEnabled} onChange={(event) => change({ isEnabled: event.target.checked })} />
        {t("vacation.enabled")}
      </label>
      <div className="flex flex-wrap gap-x-6 gap-y-2">
        <label className="flex flex-wrap items-center gap-2"><span className="text-quiet">{t("vacation.from")}</span><input type="datetime-local" value={now.from} onChange={(event) => change({ from: event.target.value })} className={field} /></label>
        <label className="flex flex-wrap items-center gap-2"><span className="text-quiet">{t("vacation.to")}</span><input type="datetime-local" value={now.to} onChange={(event) => change({ to: event.target.value })} className={field} /></label>
      </div>
      <label className="flex flex-col gap-1"><span className="text-quiet">{t("compose.subject")}</span><input dir="auto" maxLength={200} value={now.subject} onChange={(event) => change({ subject: event.target.value })} className={field} /></label>
      <label className="flex flex-col gap-1"><span className="text-quiet">{t("compose.body")}</span><textarea dir="auto" rows={5} value={now.text} onChange={(event) => change({ text: event.target.value })} className={`${field} py-1`} /></label>
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
      <div className="flex justify-end"><Button look="first" type="submit">{t("folders.save")}</Button></div>
    </form>
  );
}
