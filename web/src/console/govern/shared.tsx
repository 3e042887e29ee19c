// What the screens of this part are made of beside the kit.

import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { act, idOfPath } from "../../account/api";
import { useTold } from "../../account/section";
import { NotShown, useWithFactor } from "../../account/step-up";
import { countries } from "../../contacts/countries";
import { Icon } from "../../ui/icon";
import { useMay } from "../kit/me";

/** Something that an action tells; a factor is asked for where it needs one. */
export function useAsked<T>(action: string, body: object) {
  const { t } = useTranslation();
  const withFactor = useWithFactor();
  const asked = JSON.stringify(body);
  const read = useCallback(
    () => withFactor(() => act<T>(action, JSON.parse(asked) as object)).catch((error: unknown) => {
      throw error instanceof NotShown ? new Error(t("kit.factor-needed")) : error;
    }),
    [action, asked, withFactor, t],
  );
  return useTold<T>(read);
}

/** What stands in the address of the page after the place itself. */
export function useOfPage(name: string): string {
  const params = useParams({ strict: false }) as Record<string, string | undefined>;
  return idOfPath(params[name] ?? "");
}

/** An identifier as people see it. */
export const shownId = (id: string): string => id.replace(/^\uE000/u, "");

/** Somebody, with the way to what is known of him. */
export function Person({ address }: { address: string | null | undefined }) {
  const { t } = useTranslation();
  const may = useMay();
  if (!address) return <span className="text-quiet">–</span>;
  if (address === "operator") return <span>{t("govern.operator")}</span>;
  if (!address.includes("@") || !may("account.read")) return <bdi>{address}</bdi>;
  return <Link to={`/people/${encodeURIComponent(address)}` as string} className="text-accent underline"><bdi>{address}</bdi></Link>;
}

export function People({ of }: { of: string[] }) {
  return <ul className="flex flex-wrap gap-x-3">{of.map((address) => <li key={address}><Person address={address} /></li>)}</ul>;
}

/** A country in the reader's words. */
export function useCountry(): (code: string) => string {
  const { i18n } = useTranslation();
  return useMemo(() => {
    const names = new Intl.DisplayNames(i18n.language, { type: "region" });
    return (code: string) => (/^[A-Za-z]{2}$/.test(code) ? (names.of(code.toUpperCase()) ?? code) : code);
  }, [i18n.language]);
}

/** All countries, to choose from. */
export function useCountries(): [string, string][] {
  const { i18n } = useTranslation();
  return useMemo(() => countries(i18n.language).map(({ code, name }) => [code, name]), [i18n.language]);
}

/** A day in the reader's manner. */
export function Day({ at }: { at: string | null }) {
  const { i18n } = useTranslation();
  if (!at) return <span className="text-quiet">–</span>;
  return <time dateTime={at} className="whitespace-nowrap">{new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(at))}</time>;
}

const looks = {
  quiet: "border-line bg-paper",
  warning: "border-line bg-warning-ground text-warning",
  danger: "border-danger bg-paper text-danger font-semibold",
  ok: "border-line bg-paper text-ok",
};
const signs = { quiet: "more", warning: "junk", danger: "junk", ok: "seal" } as const;

/** What is to be known of a page before anything else. */
export function Remark({ tone, children }: { tone: keyof typeof looks; children: ReactNode }) {
  return (
    <div role={tone === "danger" ? "alert" : "note"} className={`flex items-start gap-2 rounded-lg border p-3 ${looks[tone]}`}>
      {tone !== "quiet" && <Icon name={signs[tone]} />}
      <div className="min-w-0">{children}</div>
    </div>
  );
}

/** Bytes of a text in Base64, as `saveFile` takes them. */
export const jsonFile = (value: unknown): string => `${JSON.stringify(value, null, 2).replace(/\uE000/gu, "")}\n`;

/** A day so many days before now, as dates are typed. */
export function daysAgo(days: number, now = Date.now()): string {
  return new Date(now - days * 86_400_000).toISOString().slice(0, 10);
}
