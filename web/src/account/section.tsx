// Parts that the sections of the account page are made of.

import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { longDate } from "../i18n/format";
import { SignedOut } from "../jmap/client";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";
import { Waiting } from "./api";
import { goToSignIn } from "./session";
import { NotShown, useWithFactor } from "./step-up";

export function Section({ title, children, beside }: { title: string; children: ReactNode; beside?: ReactNode }) {
  return (
    <section aria-label={title} className="mb-4 rounded-lg border border-line bg-paper p-4">
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <h2 className="text-[15px] font-semibold">{title}</h2>
        {beside}
      </div>
      {children}
    </section>
  );
}

/** Something that the server tells; read anew by `again`. */
export function useTold<T>(read: () => Promise<T>): { told: T | undefined; error: Error | undefined; again: () => void } {
  const [told, setTold] = useState<T>();
  const [error, setError] = useState<Error>();
  const [count, setCount] = useState(0);
  useEffect(() => {
    let ended = false;
    read().then(
      (next) => {
        if (ended) return;
        setTold(next);
        setError(undefined);
      },
      (reason: Error) => {
        if (reason instanceof SignedOut) void goToSignIn();
        else if (!ended) setError(reason);
      },
    );
    return () => {
      ended = true;
    };
  }, [read, count]);
  return { told, error, again: useCallback(() => setCount((before) => before + 1), []) };
}

/** Waits for what is told, and says what went wrong. */
export function Told<T>({ of, children }: { of: { told: T | undefined; error: Error | undefined; again: () => void }; children: (told: T) => ReactNode }) {
  const { t } = useTranslation();
  if (of.error) {
    return (
      <div role="alert" className="flex flex-wrap items-center gap-2">
        <span className="text-danger">{t("app.error", { reason: of.error.message })}</span>
        <Button onPress={of.again}>{t("app.again")}</Button>
      </div>
    );
  }
  return of.told === undefined ? <p className="text-quiet">{t("app.loading")}</p> : children(of.told);
}

/** Does something with the account: asks for a factor where that is needed, and tells what came of it. */
export function useDeed(): <T>(work: () => Promise<T>, done?: (result: T) => void) => void {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const withFactor = useWithFactor();
  return (work, done) => {
    withFactor(work).then(done, (error: unknown) => {
      if (error instanceof SignedOut) void goToSignIn();
      else if (error instanceof Waiting) say(t("account.waiting"));
      else if (!(error instanceof NotShown)) fail(error);
    });
  };
}

/** A moment in the reader's manner; "never" where there was none. */
export function When({ at }: { at: string | null }) {
  const { t, i18n } = useTranslation();
  return at === null ? <span>{t("account.never")}</span> : <time dateTime={at}>{longDate(at, i18n.language)}</time>;
}

/** A line of a list: what it is, what is known of it, what can be done with it. */
export function Line({ name, facts, children }: { name: ReactNode; facts: ReactNode; children?: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line py-2">
      <div className="min-w-0 flex-1 basis-60">
        <div dir="auto" className="font-medium">{name}</div>
        <div className="flex flex-wrap gap-x-3 text-quiet">{facts}</div>
      </div>
      {children}
    </li>
  );
}
