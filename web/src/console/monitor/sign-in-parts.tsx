// Parts of the pages about sign-ins.

import { useTranslation } from "react-i18next";
import { Tabs } from "../kit/tabs";
import { useMay } from "../kit/me";
import { Tone } from "../kit/parts";

/** Pages about sign-ins that whoever looks may open. */
export function SignInTabs() {
  const may = useMay();
  const tabs: [string, string][] = [];
  if (may("sign-in.read")) tabs.push(["/sign-ins", "watch.title"]);
  if (may("account.read")) tabs.push(["/sign-ins/frozen", "watch.frozen"]);
  if (may("sign-in.read", "access.review")) tabs.push(["/sign-ins/reviews", "watch.reviews"]);
  return <Tabs label="watch.title" tabs={tabs} />;
}

const outcomes = { accepted: "ok", "factor-needed": "ok", wrong: "quiet", refused: "warning", frozen: "danger", disabled: "quiet", throttled: "quiet" } as const;

/** What came of an attempt. */
export function Outcome({ of }: { of: string }) {
  const { t } = useTranslation();
  return <Tone tone={outcomes[of as keyof typeof outcomes] ?? "quiet"}>{t(`watch.outcome-${of}`)}</Tone>;
}

/** The name of a country in the reader's language. */
export function useCountry(): (code: string | null) => string {
  const { t, i18n } = useTranslation();
  const names = new Intl.DisplayNames(i18n.language, { type: "region" });
  return (code) => (code === null || !/^[A-Z]{2}$/.test(code) ? t("account.unknown-place") : (names.of(code) ?? code));
}

const PROTOCOLS = ["imap", "smtp", "web"];
const METHODS = ["password", "app-password", "token", "certificate", "directory", "provider", "session"];

/** By what somebody signed in, in words: `imap/password`. */
export function useWay(): (by: string) => string {
  const { t } = useTranslation();
  return (by) => {
    const [protocol = "", method = ""] = by.split("/");
    return [PROTOCOLS.includes(protocol) ? t(`watch.by-${protocol}`) : protocol, METHODS.includes(method) ? t(`watch.method-${method}`) : method].join(" · ");
  };
}
