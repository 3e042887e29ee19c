// With whom a mailbox is shared, and with whom it is to be.

import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDeed } from "../account/section";
import { StepUpProvider } from "../account/step-up";
import type { Id, Mailbox, Principal } from "../jmap/types";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";
import { findPeople, type Level, levelOf, peopleOf, share, sharedWith } from "./share";

const FOUND_MAX = 8;
/** Milliseconds without a key until what was typed is looked for. */
const QUIET = 200;

export function Sharing({ mailbox }: { mailbox: Mailbox }) {
  return <StepUpProvider><Shared mailbox={mailbox} /></StepUpProvider>;
}

function Shared({ mailbox }: { mailbox: Mailbox }) {
  const { t } = useTranslation();
  const store = useStore();
  const { fail } = useNotices();
  const deed = useDeed();
  const [known, setKnown] = useState<Map<Id, Principal>>(new Map());
  const shared = sharedWith(mailbox);
  const missing = shared.map(([id]) => id).filter((id) => !known.has(id)).join(" ");
  useEffect(() => {
    if (missing === "") return;
    let ended = false;
    peopleOf(store, missing.split(" ")).then((people) => {
      if (!ended) setKnown((before) => new Map([...before, ...people.map((it): [Id, Principal] => [it.id, it])]));
    }, fail);
    return () => {
      ended = true;
    };
  }, [missing, store, fail]);
  const give = (principal: Id, level: Level | undefined) => deed(() => share(store, mailbox.id, principal, level));
  return (
    <div className="flex flex-col gap-3">
      {shared.length === 0 ? <p className="text-quiet">{t("share.nobody")}</p> : (
        <ul aria-label={t("share.with")}>
          {shared.map(([id, rights]) => {
            const { name = t("share.somebody"), email } = known.get(id) ?? {};
            const level = levelOf(rights);
            return (
              <li key={id} className="flex flex-wrap items-center gap-2 border-t border-line py-2">
                <Who name={name} email={email} />
                {level === "whole" ? <span className="text-quiet">{t("share.whole")}</span> : (
                  <>
                    <select aria-label={t("share.level-of", { name })} value={level} onChange={(event) => give(id, event.target.value as Level)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2">
                      <option value="read">{t("share.read")}</option>
                      <option value="write">{t("share.write")}</option>
                    </select>
                    <Button look="danger" aria-label={t("share.end-with", { name })} onPress={() => give(id, undefined)}>{t("share.end")}</Button>
                  </>
                )}
              </li>
            );
          })}
        </ul>
      )}
      <Adding mailbox={mailbox} give={give} />
    </div>
  );
}

function Who({ name, email }: { name: string; email: string | null | undefined }) {
  return (
    <span className="min-w-0 flex-1 basis-48">
      <bdi className="block truncate font-medium">{name}</bdi>
      {email && email !== name && <span dir="ltr" className="block truncate text-quiet">{email}</span>}
    </span>
  );
}

function Adding({ mailbox, give }: { mailbox: Mailbox; give: (principal: Id, level: Level) => void }) {
  const { t } = useTranslation();
  const store = useStore();
  const { fail } = useNotices();
  const [text, setText] = useState("");
  const [level, setLevel] = useState<Level>("read");
  const [found, setFound] = useState<Principal[]>();
  const listed = useId();
  const wanted = text.trim();
  useEffect(() => {
    setFound(undefined);
    if (wanted === "") return;
    let ended = false;
    const wait = setTimeout(() => {
      // One is found oneself, too.
      findPeople(store, wanted, FOUND_MAX + 1).then((people) => { if (!ended) setFound(people); }, fail);
    }, QUIET);
    return () => {
      ended = true;
      clearTimeout(wait);
    };
  }, [wanted, store, fail]);
  const own = store.client.session.username;
  const others = found?.filter(({ id, email }) => email !== own && !mailbox.shareWith?.[id]).slice(0, FOUND_MAX);
  return (
    <section aria-label={t("share.add")} className="flex flex-col gap-2 rounded-md border border-line p-3">
      <label className="flex flex-wrap items-center gap-2">
        <span className="w-28 text-quiet">{t("share.colleague")}</span>
        <input dir="auto" type="search" autoComplete="off" aria-controls={listed} value={text} onChange={(event) => setText(event.target.value)} className="min-h-8 min-w-0 flex-1 rounded-md border border-strong-line bg-paper px-2" />
      </label>
      <label className="flex flex-wrap items-center gap-2">
        <span className="w-28 text-quiet">{t("share.level")}</span>
        <select value={level} onChange={(event) => setLevel(event.target.value as Level)} className="min-h-8 min-w-0 flex-1 rounded-md border border-strong-line bg-paper px-2">
          <option value="read">{t("share.read")}</option>
          <option value="write">{t("share.write")}</option>
        </select>
      </label>
      <div id={listed} aria-live="polite">
        {others?.length === 0 && <p className="text-quiet">{t("share.none-found")}</p>}
        {others && others.length > 0 && (
          <ul>
            {others.map(({ id, name, email }) => (
              <li key={id} className="flex flex-wrap items-center gap-2 py-1">
                <Who name={name} email={email} />
                <Button look="first" aria-label={t("share.share-with", { name })} onPress={() => give(id, level)}>{t("share.share")}</Button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
