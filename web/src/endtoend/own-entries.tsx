// The owner's browser watches its own entries in the directory of keys, when the key is unlocked and each day: one that is not his is an alarm.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { grouped, longDate } from "../i18n/format";
import { Unreachable } from "../jmap/client";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";
import { type Entry, foreign } from "./directory";
import { ownKey } from "./own-key";
import { claim } from "./said";
import { say, Unbelieved, useStatements } from "./statements";
import { StatementsTrouble } from "./trust";

const DAY_MS = 86_400_000;

export default function OwnEntries({ own }: { own: string }) {
  const { t, i18n } = useTranslation();
  const store = useOwnStore();
  const { client, accountId } = store;
  const addresses = [...new Set([client.session.username, ...store.identities.map(({ email }) => email)])].join("\n");
  const { fail } = useNotices();
  const heard = useStatements();
  const { again } = heard;
  // As long as it is not known what was said, none but the key that is unlocked is the owner's.
  const mine = [own, ...(heard.said?.own ?? [])].join("\n");
  const isHeard = heard.said !== undefined || heard.trouble !== undefined;
  const [others, setOthers] = useState<Entry[]>([]);
  const [alarm, setAlarm] = useState<string>();
  useEffect(() => {
    if (!isHeard) return undefined;
    let ended = false;
    const look = async () => {
      // A key that waits to be entered is in no entry.
      if (!(await ownKey(client, accountId))) return;
      const found = await foreign(client, accountId, addresses.split("\n"), new Set(mine.split("\n")));
      if (ended) return;
      setOthers(found);
      setAlarm(undefined);
    };
    const told = () => void look().catch((error: Error) => ended || error instanceof Unreachable || setAlarm(error.message));
    told();
    const timer = setInterval(() => {
      again();
      told();
    }, DAY_MS);
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }, [client, accountId, addresses, mine, isHeard, again]);
  const unbelieved = heard.trouble instanceof Unbelieved && <StatementsTrouble of={heard} />;
  if (alarm === undefined && others.length === 0) return unbelieved;
  return (
    <section role="alert" className="border-b border-line bg-warning-ground px-4 py-1.5 text-warning">
      {alarm !== undefined && <p>{t("end.own-alarm", { reason: alarm })}</p>}
      {others.map(({ address, fingerprint, at }) => (
        <p key={`${address} ${fingerprint} ${at}`}>{t("end.own-foreign", { address, date: longDate(at, i18n.language) })} <code dir="ltr" className="break-words">{grouped(fingerprint)}</code></p>
      ))}
      {others.length > 0 && (
        <Button onPress={() => void say(client, accountId, (said) => claim(said, others.map(({ fingerprint }) => fingerprint))).catch(fail)}>{t("end.own-mine")}</Button>
      )}
      {unbelieved}
    </section>
  );
}
