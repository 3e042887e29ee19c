// A test letter to somewhere else and one from there, each followed until it is known what became of it, and explained.

import { Link } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { goToSignIn } from "../../account/session";
import { SignedOut } from "../../jmap/client";
import { Button } from "../../ui/button";
import { tones } from "../flow/trace-screen";
import { useMe } from "../kit/me";
import { Tone, useSaid } from "../kit/parts";
import { momentOf } from "../kit/span";
import { incomingStory, isOver, letterStory, sendLetter, type Story, tellingSteps } from "./letter";

/** How often it is looked what became of a letter. */
const LOOK_MS = 2000;
/** For how long. */
const LOOK_MAX_MS = 600_000;

/** What became of a letter, looked at again and again until that is known. */
function useStory(ask: (() => Promise<Story | undefined>) | undefined, done: () => void): { story: Story | undefined; isLooking: boolean; error: string | undefined } {
  const [story, setStory] = useState<Story>();
  const [isLooking, setLooking] = useState(false);
  const [error, setError] = useState<string>();
  useEffect(() => {
    setStory(undefined);
    setError(undefined);
    setLooking(ask !== undefined);
    if (!ask) return undefined;
    const until = Date.now() + LOOK_MAX_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      const found = await ask();
      if (found) setStory(found);
      if (found && isOver(found)) {
        setLooking(false);
        done();
      } else if (Date.now() < until) timer = setTimeout(run, LOOK_MS);
      else setLooking(false);
    };
    const run = () => {
      look().catch((reason: Error) => {
        if (reason instanceof SignedOut) void goToSignIn();
        else setError(reason.message);
        setLooking(false);
      });
    };
    run();
    return () => clearTimeout(timer);
  }, [ask, done]);
  return { story, isLooking, error };
}

/** How it came out, in words: as the server says it, why, and what to do. */
function Result({ of, title }: { of: Story; title: string }) {
  const { t } = useTranslation();
  const { direction, outcome } = of;
  const known = ["delivered", "waiting", "failed", "refused", "held", "quarantined", "put-off"].includes(outcome);
  return (
    <section aria-label={t(title)} className="mt-2 border-s-2 border-line ps-3">
      <p><Tone tone={tones[outcome] ?? "quiet"}>{of.standing}</Tone></p>
      <ul className="list-disc ps-5">{tellingSteps(of).map((text) => <li key={text} dir="auto" className="break-words">{text}</li>)}</ul>
      {known && <p className="mt-1">{t(`setup.mail-${direction}-${outcome}`)}</p>}
      <Link to={`/trace/${of.id}`} className="text-accent underline">{t("setup.mail-trace")}</Link>
    </section>
  );
}

function Looking({ words, error }: { words: string | undefined; error: string | undefined }) {
  return (
    <>
      <p role="status" className="text-quiet">{words}</p>
      {error !== undefined && <p role="alert" className="text-danger">{error}</p>}
    </>
  );
}

const field = "min-h-8 w-72 max-w-full rounded-md border border-strong-line bg-paper px-2";

/** A letter from whoever looks to an address that he names. */
export function ToOutside({ done }: { done: () => void }) {
  const { t } = useTranslation();
  const language = useSaid();
  const { address: own, organisation } = useMe();
  const id = useId();
  const [to, setTo] = useState("");
  const [isSending, setSending] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [messageId, setMessageId] = useState<string>();
  const asked = useCallback(() => letterStory(messageId ?? "", language), [messageId, language]);
  const { story, isLooking, error } = useStory(messageId === undefined ? undefined : asked, done);
  const send = () => {
    setSending(true);
    setWrong(undefined);
    setMessageId(undefined);
    sendLetter(to.trim(), t("setup.mail-subject"), t("setup.mail-text", { own, organisation }))
      .then(setMessageId, (reason: Error) => {
        if (reason instanceof SignedOut) void goToSignIn();
        else setWrong(reason.message);
      })
      .finally(() => setSending(false));
  };
  return (
    <form
      className="flex w-full flex-col gap-1 ps-10"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label htmlFor={id} className="font-medium">{t("setup.mail-to")}</label>
      <div className="flex flex-wrap items-center gap-2">
        <input id={id} type="email" required dir="ltr" autoComplete="off" maxLength={254} value={to} aria-invalid={wrong !== undefined} aria-describedby={`${id}-hint`} className={field} onChange={(event) => setTo(event.target.value)} />
        <Button look="first" type="submit" isDisabled={isSending}>{t("setup.mail-send")}</Button>
      </div>
      <p id={`${id}-hint`} className="text-quiet">{t("setup.mail-to-hint", { own })}</p>
      <Looking words={isLooking ? t(story ? "setup.mail-on-its-way" : "setup.mail-sent") : undefined} error={wrong ?? error} />
      {story && <Result of={story} title="setup.mail-result" />}
    </form>
  );
}

/** A letter that somebody writes elsewhere to whoever looks. */
export function FromOutside({ done }: { done: () => void }) {
  const { t } = useTranslation();
  const language = useSaid();
  const { address } = useMe();
  const [since] = useState(() => momentOf(new Date()));
  const ask = useCallback(() => incomingStory(address, since, language), [address, since, language]);
  const { story, isLooking, error } = useStory(ask, done);
  return (
    <div className="flex w-full flex-col gap-1 ps-10">
      <p>{t("setup.mail-write")} <code dir="ltr" className="font-medium">{address}</code></p>
      <Looking words={isLooking ? t("setup.mail-waits") : undefined} error={error} />
      {story && <Result of={story} title="setup.mail-came" />}
      {story && <a href="/mail" className="text-accent underline">{t("console.to-mail")}</a>}
    </div>
  );
}

/** What is done on the spot, in place of a way elsewhere. */
export function tried(step: string, done: () => void): ReactNode {
  if (step === "mail-out") return <ToOutside done={done} />;
  return step === "mail-in" ? <FromOutside done={done} /> : undefined;
}
