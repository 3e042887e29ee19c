// The way to the console, for those whose roles open something there.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../account/api";

let asked: Promise<boolean> | undefined;

/** Whether somebody has a role; who cannot be asked without a connection has none. */
const hasRole = () => (asked ??= navigator.onLine ? act<{ rights: string[] }>("access-own", {}).then(({ rights }) => rights.length > 0, () => false) : Promise.resolve(false));

export function ConsoleLink({ className }: { className: string }) {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(false);
  useEffect(() => void hasRole().then(setShown), []);
  return isShown ? <a href="/console" className={className}>{t("nav.console")}</a> : null;
}
