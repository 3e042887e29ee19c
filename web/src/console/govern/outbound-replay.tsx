// What a rule would have done with mail that people have sent; nothing is changed, and of messages numbers and days alone are told.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { goToSignIn } from "../../account/session";
import { NotShown, useWithFactor } from "../../account/step-up";
import { SignedOut } from "../../jmap/client";
import { Button } from "../../ui/button";
import { FormField } from "../kit/form";
import { Block, Count, Moment, Tone } from "../kit/parts";
import { csv, saveFile } from "../kit/remote";
import { type Rule, tidy } from "./outbound-rule";
import { daysAgo, Person, Remark } from "./shared";

interface Held {
  id: string;
  at: string;
  decision: string;
  rules: string[];
  address: string;
}

export interface Replayed {
  messages: number;
  passed: number;
  more: string[];
  decisions: Record<string, number>;
  held: Held[];
}

interface OfOne {
  messages: number;
  passed_over: number;
  more: boolean | string;
  decisions: Record<string, number>;
  held: Omit<Held, "address">[];
}

const DAYS = 30;

/** `wrong` says whether the server's words are about the rule, and shows them there. */
export function Replay({ rule, replayed, done, wrong }: { rule: Rule; replayed: Replayed | undefined; done: (replayed: Replayed) => void; wrong: (words: string) => boolean }) {
  const { t } = useTranslation();
  const withFactor = useWithFactor();
  const [addresses, setAddresses] = useState("");
  const [since, setSince] = useState(() => daysAgo(DAYS));
  const [before, setBefore] = useState("");
  const [failed, setFailed] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const people = addresses.split(/\s+/).filter((it) => it !== "");
  const run = async () => {
    const all: Replayed = { messages: 0, passed: 0, more: [], decisions: {}, held: [] };
    for (const address of people) {
      const asked = { address, since, before: before === "" ? null : before, rule: JSON.stringify({ ...tidy(rule), name: rule.name || "rule", mode: "enforce" }) };
      // One after the other: each goes through much mail.
      // oxlint-disable-next-line no-await-in-loop
      const one = await withFactor(() => act<OfOne>("outbound-replay", asked));
      all.messages += one.messages;
      all.passed += one.passed_over;
      if (one.more) all.more.push(address);
      for (const [decision, count] of Object.entries(one.decisions)) all.decisions[decision] = (all.decisions[decision] ?? 0) + count;
      all.held.push(...one.held.map((it) => ({ ...it, address })));
    }
    done(all);
  };
  return (
    <Block title="outrule.replay">
      <form
        className="flex max-w-xl flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          setBusy(true);
          setFailed(undefined);
          run()
            .catch((error: Error) => {
              if (error instanceof SignedOut) void goToSignIn();
              else if (error instanceof NotShown) return;
              else if (!wrong(error.message)) setFailed(error.message);
            })
            .finally(() => setBusy(false));
        }}
      >
        <p className="text-quiet">{t("outrule.replay-about")}</p>
        <FormField field={{ name: "people", label: "outrule.replay-people", hint: "outrule.replay-people-hint", kind: "lines" }} value={addresses} change={(value) => setAddresses(String(value))} wrong={failed} />
        <FormField field={{ name: "since", label: "outrule.replay-since", kind: "date" }} value={since} change={(value) => setSince(String(value))} />
        <FormField field={{ name: "before", label: "outrule.replay-before", kind: "date", isOptional: true }} value={before} change={(value) => setBefore(String(value))} />
        <div className="flex justify-end"><Button type="submit" isDisabled={isBusy}>{t("outrule.replay-run")}</Button></div>
      </form>
      {replayed && <Outcome of={replayed} />}
    </Block>
  );
}

const DECISION_TONES: Record<string, "ok" | "warning" | "danger" | "quiet"> = { go: "ok", warn: "warning", justify: "warning", approve: "warning", protect: "warning", block: "danger" };

function Outcome({ of: { messages, passed, more, decisions, held } }: { of: Replayed }) {
  const { t } = useTranslation();
  const cells = () => [[t("outrule.replay-who"), t("outrule.replay-when"), t("outrule.replay-what"), t("outrule.replay-number")], ...held.map((it) => [it.address, it.at, t(`outrule.decision-${it.decision}`), it.id])];
  return (
    <div role="status" className="mt-4 flex flex-col gap-3">
      <Remark tone={held.length > 0 ? "warning" : "ok"}>{t("outrule.replay-told", { count: messages, held: held.length })}</Remark>
      {passed > 0 && <p>{t("outrule.replay-passed", { count: passed })}</p>}
      {more.length > 0 && <p className="text-warning">{t("outrule.replay-more", { people: more.join(t("outrule.comma")) })}</p>}
      <ul className="flex flex-wrap gap-x-4">
        {Object.entries(decisions).map(([decision, count]) => <li key={decision}><Tone tone={DECISION_TONES[decision] ?? "quiet"}>{t(`outrule.decision-${decision}`)}</Tone> <Count of={count} /></li>)}
      </ul>
      {held.length > 0 && (
        <>
          {/* Whoever moves by keys moves the list, too. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div role="group" aria-label={t("outrule.replay-held")} tabIndex={0} className="max-h-72 overflow-y-auto">
            <ul>
              {held.map((it) => (
                <li key={`${it.address} ${it.id}`} className="flex flex-wrap gap-x-4 border-t border-line py-1"><Moment at={it.at} /><Person address={it.address} /><Tone tone={DECISION_TONES[it.decision] ?? "quiet"}>{t(`outrule.decision-${it.decision}`)}</Tone><span className="text-quiet">{t("outrule.replay-id", { id: it.id })}</span></li>
              ))}
            </ul>
          </div>
          <div><Button onPress={() => saveFile("replay.csv", "text/csv", csv(cells()))}>{t("kit.save-csv")}</Button></div>
        </>
      )}
    </div>
  );
}
