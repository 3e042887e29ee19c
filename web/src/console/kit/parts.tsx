// What the console's pages are made of.

import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { longDate } from "../../i18n/format";
import { Icon } from "../../ui/icon";

/** The head of a page, and what is on it. */
export function ScreenPage({ title, about, back, acts, children }: { title: ReactNode; about?: ReactNode; back?: { to: string; name: string }; acts?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const words = typeof title === "string" ? title : undefined;
  useEffect(() => {
    if (words) document.title = `${words} · ${t("console.title")}`;
  }, [words, t]);
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4">
      <header className="flex flex-wrap items-start justify-between gap-2">
        <div className="min-w-0">
          {back && <Link to={back.to} className="inline-flex items-center gap-1 text-accent"><Icon name="back" />{back.name}</Link>}
          <h1 dir="auto" className="text-[18px] font-semibold">{title}</h1>
          {about && <p className="max-w-3xl text-quiet">{about}</p>}
        </div>
        {acts && <div className="flex flex-wrap gap-2 print-hidden">{acts}</div>}
      </header>
      {children}
    </div>
  );
}

/** Names and what is known of each. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-[minmax(8rem,14rem)_1fr] gap-x-4 gap-y-1 max-sm:grid-cols-1">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <>
      <dt className="text-quiet">{t(name)}</dt>
      <dd dir="auto" className="min-w-0">{children}</dd>
    </>
  );
}

const tones = {
  ok: "text-ok",
  danger: "text-danger font-semibold",
  warning: "text-warning",
  quiet: "text-quiet",
};

/** A state in a word, with a sign that does not lean on colour alone. */
export function Tone({ tone, children }: { tone: keyof typeof tones; children: ReactNode }) {
  const sign = { ok: "✓", danger: "✕", warning: "!", quiet: "–" }[tone];
  return <span className={`${tones[tone]} whitespace-nowrap`}><span aria-hidden="true" className="me-1 inline-block w-3 text-center">{sign}</span>{children}</span>;
}

/** A moment in the reader's manner; a dash where there is none. */
export function Moment({ at }: { at: string | null | undefined }) {
  const { i18n } = useTranslation();
  if (!at) return <span className="text-quiet">–</span>;
  return <time dateTime={at} title={at} className="whitespace-nowrap">{longDate(at, i18n.language)}</time>;
}

/** A number in the reader's manner. */
export function Count({ of }: { of: number }) {
  const { i18n } = useTranslation();
  return <span className="tabular-nums">{new Intl.NumberFormat(i18n.language).format(of)}</span>;
}

/** A part of a page under its own heading. */
export function Block({ title, beside, children }: { title: string; beside?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t(title)} className="rounded-lg border border-line bg-paper p-4">
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <h2 className="text-[15px] font-semibold">{t(title)}</h2>
        {beside && <div className="flex flex-wrap gap-2">{beside}</div>}
      </div>
      {children}
    </section>
  );
}

/** The language that the server's own sentences are asked for in. */
export function useSaid(): "zh" | "en" {
  const { i18n } = useTranslation();
  return i18n.language.startsWith("zh") ? "zh" : "en";
}
