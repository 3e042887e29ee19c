// Keys of others that were compared, each with what its address has now; and comparing another.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Section } from "../account/section";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { keysOf } from "./current-keys";
import { canonical } from "./directory";
import { WhenUnlocked } from "./key-gate";
import type { OwnKey } from "./own-key";
import { type Said, type Verified, withdraw } from "./said";
import { say, useStatements } from "./statements";
import { type Side, StatementsTrouble, Trust } from "./trust";

export function VerifiedKeys({ own }: { own: OwnKey }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const heard = useStatements();
  return (
    <Section title={t("end.verified-keys")} beside={<Button onPress={() => setOpen(true)}>{t(heard.said ? "end.compare-another" : "end.unlock")}</Button>}>
      <p className="mb-2 text-quiet">{t("end.verified-why")}</p>
      <StatementsTrouble of={heard} />
      {heard.said ? <List said={heard.said} /> : !heard.trouble && <p className="text-quiet">{t("end.verified-locked")}</p>}
      <Dialog title={t("end.compare-another")} isOpen={isOpen} close={() => setOpen(false)}>
        <WhenUnlocked own={own}>{heard.said && <Another said={heard.said} />}</WhenUnlocked>
      </Dialog>
    </Section>
  );
}

function List({ said }: { said: Said }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const [now, setNow] = useState<Side[]>();
  const [wrong, setWrong] = useState<string>();
  const wanted = said.verified.map(({ address }) => address).join("\n");
  useEffect(() => {
    let ended = false;
    keysOf(client, accountId, wanted === "" ? [] : wanted.split("\n")).then((found) => ended || setNow(found), (error: Error) => ended || setWrong(error.message));
    return () => {
      ended = true;
    };
  }, [client, accountId, wanted]);
  if (said.verified.length === 0) return <p className="text-quiet">{t("end.verified-none")}</p>;
  return (
    <>
      {wrong && <p role="alert" className="text-danger">{t("end.alarm", { reason: wrong })}</p>}
      <ul>
        {said.verified.map((it) => <One key={it.address} of={it} now={now} said={said} />)}
      </ul>
    </>
  );
}

function One({ of, now, said }: { of: Verified; now: Side[] | undefined; said: Said }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const { fail } = useNotices();
  const current = now?.find(({ address }) => address === of.address);
  return (
    <li className="flex flex-wrap items-center justify-between gap-2 border-t border-line py-2">
      <bdi className="font-medium">{of.address}</bdi>
      {current ? <Trust theirs={current} said={said} /> : now && (
        <span className="flex flex-wrap items-center gap-2 text-quiet">
          {t("end.verified-gone")}
          <Button look="danger" onPress={() => void say(client, accountId, (before) => withdraw(before, of.address)).catch(fail)}>{t("end.withdraw")}</Button>
        </span>
      )}
    </li>
  );
}

/** Somebody's key, by address, to be compared. */
function Another({ said }: { said: Said }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const [address, setAddress] = useState("");
  const [found, setFound] = useState<Side>();
  const [wrong, setWrong] = useState<string>();
  const look = async () => {
    setFound(undefined);
    setWrong(undefined);
    const wanted = canonical(address.trim());
    const [key] = await keysOf(client, accountId, [wanted]);
    if (key) setFound(key);
    else setWrong(t("end.compare-no-key", { address: wanted }));
  };
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        look().catch((error: Error) => setWrong(t("end.alarm", { reason: error.message })));
      }}
    >
      <p>{t("end.compare-which")}</p>
      <div className="flex flex-wrap items-center gap-2">
        <label className="flex min-w-0 flex-1 flex-wrap items-center gap-2">
          <span className="text-quiet">{t("end.compare-address")}</span>
          <input dir="ltr" type="email" required value={address} onChange={(event) => setAddress(event.target.value)} className="min-h-8 min-w-40 flex-1 rounded-md border border-strong-line bg-paper px-2" />
        </label>
        <Button look="first" type="submit">{t("end.compare-find")}</Button>
      </div>
      {found && <Trust theirs={found} said={said} />}
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
    </form>
  );
}
