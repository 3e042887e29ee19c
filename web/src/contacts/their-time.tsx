// What time it is where a correspondent is, if a contact says so.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useBook } from "./book";
import { personOf, timeThere } from "./card";

const MINUTE_MS = 60_000;

export function TheirTime({ email }: { email: string }) {
  const { t, i18n } = useTranslation();
  const { book } = useBook();
  const [now, setNow] = useState(() => new Date());
  const card = book.of(email);
  const zone = card ? personOf(card).zone : "";
  useEffect(() => {
    if (zone === "") return undefined;
    const timer = setInterval(() => setNow(new Date()), MINUTE_MS);
    return () => clearInterval(timer);
  }, [zone]);
  const time = timeThere(zone, now, i18n.language);
  return time ? <span className="shrink-0 text-quiet" title={zone}>{t("contact.time-there", { time })}</span> : null;
}
