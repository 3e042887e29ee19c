// Payment details in a message beside those on file, and the number to call: the one on file, never the one in the message.

import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Refused, SignedOut, Unreachable } from "../jmap/client";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";

interface Account {
  kind: string;
  value: string;
  holder: string | null;
  bank: string | null;
  state: string;
}

/** A case as finance sees it (docs/trade-guard.md). */
interface Case {
  state: string;
  asked: Account[];
  on_file: Account[];
  phones: string[];
  events: { time: string; what: string; note: string }[];
}

/** A strong factor has to be shown first. */
class StepUp extends Error {}

async function act<T>(action: string, body: object): Promise<T | undefined> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${action}`, { method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw new Unreachable("no connection");
  }
  const answer = (await response.json().catch(() => ({}))) as { type?: string; detail?: string; title?: string };
  if (response.ok) return answer as T;
  if (answer.type === "urn:tradewind:problem:step-up") throw new StepUp();
  if (response.status === 401) throw new SignedOut("signed out");
  if (response.status === 403 || response.status === 404) return undefined;
  throw new Refused(answer.detail ?? answer.title ?? `status ${response.status}`);
}

/** Shown to those who may see cases; others are told that finance has it. */
export function PaymentPanel({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const { fail } = useNotices();
  const [found, setFound] = useState<Case | "hidden">();
  const language = i18n.language.startsWith("zh") ? "zh" : "en";
  const read = useCallback(() => act<Case>("guard-case-show", { id, language }).then((it) => setFound(it ?? "hidden")), [id, language]);
  useEffect(() => {
    read().catch((error: Error) => (error instanceof StepUp ? setFound("hidden") : fail(error)));
  }, [read, fail]);
  if (found === undefined) return null;
  if (found === "hidden") return <p className="mb-2 rounded-md border border-line px-3 py-1.5">{t("pay.finance-has-it")}</p>;
  return (
    <section aria-label={t("pay.title")} className="mb-2 rounded-md border border-line px-3 py-2">
      <h2 className="mb-1 font-semibold">{t("pay.title")}</h2>
      <div className="grid gap-3 sm:grid-cols-2">
        <Accounts title={t("pay.in-message")} accounts={found.asked} none={t("pay.none-in-message")} />
        <Accounts title={t("pay.on-file")} accounts={found.on_file} none={t("pay.none-on-file")} />
      </div>
      <Phones found={found} id={id} read={read} />
    </section>
  );
}

function Accounts({ title, accounts, none }: { title: string; accounts: Account[]; none: string }) {
  const { t } = useTranslation();
  return (
    <div className="min-w-0">
      <h3 className="text-quiet">{title}</h3>
      {accounts.length === 0 && <p>{none}</p>}
      <ul>
        {accounts.map((it) => (
          <li key={`${it.kind} ${it.value}`} className="mb-1">
            <bdi className="block font-mono break-all">{it.value}</bdi>
            <span dir="auto" className="text-quiet">{[it.holder, it.bank].filter(Boolean).join(", ")}</span>{" "}
            <span className={it.state === "confirmed" ? "text-ok" : it.state === "learned" ? "text-quiet" : "font-semibold text-danger"}>{t(`pay.state.${it.state}`)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Phones({ found, id, read }: { found: Case; id: string; read: () => Promise<void> }) {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const [called, setCalled] = useState<string>();
  const [answer, setAnswer] = useState("");
  const [needsFactor, setNeedsFactor] = useState(false);
  const calls = found.events.filter(({ what }) => what === "phoned");
  const record = async () => {
    try {
      await act("guard-case-note", { id, what: "phoned", note: `${called?.replace(/[^+\d]/g, "") ?? ""} ${answer.trim()}`.trim() });
      setCalled(undefined);
      setAnswer("");
      await read();
      say(t("pay.recorded"));
    } catch (error) {
      if (error instanceof StepUp) setNeedsFactor(true);
      else fail(error as Error);
    }
  };
  return (
    <div className="mt-2 border-t border-line pt-2">
      <h3 className="font-semibold">{t("pay.verify")}</h3>
      <p>{found.phones.length === 0 ? t("pay.no-phone") : t("pay.call")}</p>
      <ul>
        {found.phones.map((phone) => (
          <li key={phone} className="flex flex-wrap items-center gap-2 py-1">
            <a dir="ltr" className="font-mono text-accent underline" href={`tel:${phone.replace(/[^+\d]/g, "")}`}>{phone}</a>
            <Button onPress={() => setCalled(phone)}>{t("pay.i-called")}</Button>
          </li>
        ))}
      </ul>
      {called && (
        <form
          className="mt-1 flex flex-wrap items-end gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            void record();
          }}
        >
          <label className="min-w-0 flex-1">
            <span className="block text-quiet">{t("pay.said", { phone: called })}</span>
            <input required maxLength={500} value={answer} onChange={(event) => setAnswer(event.target.value)} className="min-h-8 w-full rounded-md border border-strong-line bg-paper px-2" />
          </label>
          <Button look="first" type="submit">{t("pay.record")}</Button>
        </form>
      )}
      {needsFactor && <p role="alert" className="text-warning">{t("pay.factor")} <a className="underline" href={`/sign-in?next=${encodeURIComponent(location.pathname)}`}>{t("pay.factor-show")}</a></p>}
      {calls.map((call) => <p key={call.time} dir="auto" className="text-quiet">{t("pay.called", { time: call.time, note: call.note })}</p>)}
    </div>
  );
}
