// Deliveries of the portal: what waits for partners, how often it was opened, what they answered.

import { Link } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { longDate, size } from "../i18n/format";
import { NotOpened } from "../sealed/format";
import { save } from "../sealed/transfer";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { useNotices } from "../ui/notices";
import { extend, type Listed, list, NeedsSecret, read, type Read, revoke } from "./deliveries";
import { recall } from "./keeper";
import { SealedBody } from "./sealed-body";

export default function SecureScreen() {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const owner = useStore().client.session.username;
  const [all, setAll] = useState<Listed[]>();
  const [shown, setShown] = useState<Listed>();
  const [ending, setEnding] = useState<Listed>();
  const load = useCallback(() => void list().then(setAll, fail), [fail]);
  useEffect(() => {
    document.title = `${t("nav.secure")} · ${t("app.name")}`;
    load();
  }, [t, load]);
  const change = (work: Promise<object>, words: string) =>
    void work.then(() => {
      say(words);
      load();
    }, fail);
  return (
    <main className="h-full overflow-y-auto">
      <div className="mx-auto max-w-3xl p-4">
        <Link to="/" className="mb-3 inline-flex items-center gap-1 text-accent"><Icon name="back" />{t("account.back")}</Link>
        <h1 className="mb-1 text-[18px] font-semibold">{t("nav.secure")}</h1>
        <p className="mb-4 text-quiet">{t("secure.list-explain")}</p>
        {all?.length === 0 && <p>{t("secure.none")}</p>}
        <ul aria-label={t("nav.secure")}>
          {all?.map((it) => (
            <Row key={it.name} delivery={it} owner={owner} show={() => setShown(it)} end={() => setEnding(it)} extend={() => change(extend(it.name), t("secure.extended"))} />
          ))}
        </ul>
      </div>
      {ending && (
        <Dialog title={t("secure.revoke")} isOpen close={() => setEnding(undefined)}>
          <p className="mb-3">{t("secure.revoke-ask", { address: ending.to })}</p>
          <Button
            look="danger"
            onPress={() => {
              setEnding(undefined);
              change(revoke(ending.name), t("secure.revoked"));
            }}
          >
            {t("secure.revoke")}
          </Button>
        </Dialog>
      )}
      {shown && <Conversation delivery={shown} owner={owner} close={() => setShown(undefined)} />}
    </main>
  );
}

interface RowProps {
  delivery: Listed;
  owner: string;
  show: () => void;
  end: () => void;
  extend: () => void;
}

function Row({ delivery, owner, show, end, extend: prolong }: RowProps) {
  const { t, i18n } = useTranslation();
  const { to, state, openings, openings_max: most, opened, expires, replies, bytes } = delivery;
  const [subject, setSubject] = useState("");
  useEffect(() => {
    const ended = new AbortController();
    void recall(owner, delivery.own).then((own) => ended.signal.aborted || setSubject(own?.subject ?? ""));
    return () => ended.abort();
  }, [owner, delivery.own]);
  const goesOn = state === "open" || state === "used-up" || state === "shut";
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line py-2">
      <div className="min-w-0 flex-1 basis-72">
        <p className="flex gap-2"><bdi className="truncate font-semibold">{to}</bdi><span className={goesOn ? "text-ok" : "text-quiet"}>{t(`secure.state-${state}`)}</span></p>
        {subject && <p dir="auto" className="truncate">{subject}</p>}
        <p className="text-quiet">
          {t("secure.opened", { count: openings, most })}
          {opened && ` · ${longDate(opened, i18n.language)}`}
          {` · ${t("secure.until", { date: longDate(expires, i18n.language) })} · ${size(bytes, i18n.language)}`}
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        <Button onPress={show}>{replies > 0 ? t("secure.read-replies", { count: replies }) : t("secure.read")}</Button>
        {goesOn && <Button onPress={prolong}>{t("secure.extend")}</Button>}
        {state !== "revoked" && <Button look="danger" onPress={end}>{t("secure.revoke")}</Button>}
      </div>
    </li>
  );
}

/** The delivery and the replies to it, opened in this browser. */
function Conversation({ delivery, owner, close }: { delivery: Listed; owner: string; close: () => void }) {
  const { t, i18n } = useTranslation();
  const [parts, setParts] = useState<Read[]>();
  const [asks, setAsks] = useState<NeedsSecret["kind"]>();
  const [given, setGiven] = useState("");
  const [wrong, setWrong] = useState<string>();
  const open = useCallback(
    (secret: string | undefined) =>
      void read(owner, delivery.name, secret).then(
        (found) => {
          setAsks(undefined);
          setParts(found);
        },
        (error: Error) => {
          if (error instanceof NeedsSecret) setAsks(error.kind);
          else setWrong(error instanceof NotOpened ? t("secure.opens-not") : t("app.error", { reason: error.message }));
        },
      ),
    [owner, delivery.name, t],
  );
  useEffect(() => open(undefined), [open]);
  return (
    <Dialog title={delivery.to} isOpen close={close}>
      {wrong && <p role="alert" className="mb-2 text-danger">{wrong}</p>}
      {asks && (
        <form
          className="mb-3 flex flex-wrap items-center gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            setWrong(undefined);
            open(given);
          }}
        >
          <label className="flex min-w-0 flex-1 flex-col gap-1">
            {t(`secure.ask-${asks}`)}
            <input value={given} autoComplete="off" onChange={(event) => setGiven(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2" />
          </label>
          <Button type="submit" look="first">{t("secure.read")}</Button>
        </form>
      )}
      {!parts && !asks && !wrong && <p className="text-quiet">{t("app.loading")}</p>}
      {parts?.length === 0 && <p className="text-quiet">{t("secure.nothing-left")}</p>}
      {parts?.map((part) => (
        <article key={part.id} className="mb-4 border-b border-line pb-3">
          <h3 dir="auto" className="font-semibold">{part.message.subject}</h3>
          <p className="mb-2 text-quiet">{part.id === "0" ? t("secure.yours") : t("secure.reply-of", { address: delivery.to, date: longDate(part.created ?? "", i18n.language) })}</p>
          <SealedBody message={part.message} />
          <FileList part={part} failed={() => setWrong(t("secure.opens-not"))} />
        </article>
      ))}
    </Dialog>
  );
}

function FileList({ part, failed }: { part: Read; failed: () => void }) {
  const { t, i18n } = useTranslation();
  const [share, setShare] = useState<{ index: number; share: number }>();
  const fetchFile = async (index: number, name: string) => {
    try {
      save(name, await part.file(index, (done) => setShare({ index, share: done })));
    } catch {
      failed();
    }
    setShare(undefined);
  };
  return (
    <ul className="mt-2 flex flex-col gap-1">
      {part.message.files.map((file, index) => (
        // Files of one message may have the same name.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={index} className="flex flex-wrap items-center gap-2">
          <span dir="auto" className="min-w-0 truncate">{file.name || t("read.unnamed")}</span>
          <span className="text-quiet">{share?.index === index ? t("secure.fetching", { percent: Math.round(share.share * 100) }) : size(file.size, i18n.language)}</span>
          <Button isDisabled={share !== undefined} aria-label={t("secure.download", { name: file.name })} onPress={() => void fetchFile(index, file.name)}>{t("secure.download-short")}</Button>
        </li>
      ))}
    </ul>
  );
}
