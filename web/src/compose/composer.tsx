// Writing a message: saved as a draft while it is written, sent with some seconds to take it back, or at a time.

import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { longDate, size } from "../i18n/format";
import { Unreachable } from "../jmap/client";
import type { Id, OutboundCheck } from "../jmap/types";
import { WAITS } from "../mail/waiting";
import { useStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { useNotices } from "../ui/notices";
import { AddressField } from "../contacts/address-field";
import { BadAddress, parseAddresses } from "./addresses";
import type { Attached, Draft } from "./draft";
import { identityLabel, swapSignature } from "./signature";
import { holdMax, saveDraft, sendSaved, UNDO_SECONDS } from "./sending";
import { fileOf, useAttaching } from "./attaching";
import { checkOutbound, OutboundPanel, stops, tells } from "./outbound";
import { RecipientsProtection } from "./recipient-protection";
import { ProtectionChoice } from "../secure/protection";

const Editor = lazy(() => import("./editor"));
const LargeFile = lazy(() => import("../secure/large-file"));
const PortalComposer = lazy(() => import("../secure/portal-composer"));
const EndComposer = lazy(() => import("../endtoend/end-composer"));
const TemplatesDialog = lazy(() => import("./templates-dialog"));

/** A draft is saved when nothing was typed for so long. */
const SAVE_AFTER_MS = 3000;

/** What is written, with the message that it was last saved as. */
export interface Writing {
  draft: Draft;
  savedId: Id | undefined;
}

interface Props {
  writing: Writing;
  /** Grows when somebody wants to see it again. */
  wanted: number;
  close: () => void;
  /** Puts it where it waits for a connection. */
  wait: (draft: Draft, savedId: Id | undefined, at: Date | undefined) => Promise<void>;
  /** Opens it again, after it was taken back. */
  reopen: (writing: Writing) => void;
}

export default function Composer({ writing, wanted, close, wait, reopen }: Props) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const { say, fail } = useNotices();
  const [draft, setDraft] = useState(writing.draft);
  const [showsCopies, setShowsCopies] = useState(writing.draft.cc !== "" || writing.draft.bcc !== "");
  const [wrong, setWrong] = useState<string>();
  const [later, setLater] = useState(false);
  const [more, setMore] = useState(writing.draft.receipt || writing.draft.wait > 0 || writing.draft.label !== "");
  const [templates, setTemplates] = useState(false);
  /** Closed by hand while files are still on their way: it goes once they have arrived. */
  const [isPutAside, setPutAside] = useState(false);
  /** What the editor began with; another begins anew. */
  const [begun, setBegun] = useState({ html: writing.draft.html, key: 0 });
  const insert = useRef<((html: string) => void) | undefined>(undefined);
  const [isSending, setIsSending] = useState(false);
  /** What the company's rules say of it as it was saved last. */
  const [outbound, setOutbound] = useState<OutboundCheck>();
  /** A file that is too large for a message. */
  const [large, setLarge] = useState<File>();
  /** What goes by a form that encrypts instead, with its files as they are on this machine. */
  const [form, setForm] = useState<{ kind: "portal" | "end"; draft: Draft; files: File[] }>();
  /** The company wants it end to end between these; whether the author wants otherwise. */
  const [isEndDefault, setEndDefault] = useState(false);
  const [isUsual, setUsual] = useState(false);
  const goesEndToEnd = isEndDefault && !isUsual;
  const current = useRef(draft);
  current.current = draft;
  const saved = useRef({ id: writing.savedId, draft: writing.draft });
  const saving = useRef<Promise<unknown>>(Promise.resolve());
  /** Sent, discarded, or saved by hand: nothing is left to save. */
  const isDone = useRef(false);
  const change = (part: Partial<Draft>) => {
    setWrong(undefined);
    setDraft((before) => ({ ...before, ...part }));
  };
  const attaching = useAttaching((files: (before: Attached[]) => Attached[]) => setDraft((before) => ({ ...before, files: files(before.files) })), (words) => { setPutAside(false); setWrong(words); }, setLarge);
  const identity = store.identities.find((it) => it.id === draft.identityId) ?? store.identities[0];

  /** Saves what is there now, after what is being saved. */
  const save = (): Promise<Id | undefined> => {
    const work = saving.current.then(async () => {
      const now = current.current;
      if (!identity || (now === saved.current.draft && saved.current.id)) return saved.current.id;
      const id = await saveDraft(store, now, identity, saved.current.id);
      saved.current = { id, draft: now };
      return id;
    });
    saving.current = work.catch(() => {});
    return work;
  };
  const look = async (id: Id | undefined) => (id ? checkOutbound(store, id, [current.current.to, current.current.cc, current.current.bcc], i18n.language) : undefined);
  const isDirty = draft !== saved.current.draft;
  useEffect(() => {
    // What is to be read by nobody else is not laid down on the server.
    if (!isDirty || isSending || isDone.current || goesEndToEnd) return undefined;
    const timer = setTimeout(() => {
      save().then(
        (id) => look(id).then(setOutbound, () => {}),
        (error: Error) => setWrong(t("compose.not-saved", { reason: error.message })),
      );
    }, SAVE_AFTER_MS);
    return () => clearTimeout(timer);
    // Each change of the draft begins the wait anew.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [draft, isSending, goesEndToEnd]);
  // Another message takes its place: what was not saved yet is.
  useEffect(
    () => () => {
      if (!isDone.current && current.current !== saved.current.draft) save().catch(fail);
    },
    // oxlint-disable-next-line react/exhaustive-deps
    [],
  );
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (current.current !== saved.current.draft) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, []);

  /** Sends as another, whose signature takes the place of this one's. */
  const sendAs = (identityId: Id) => {
    const next = store.identities.find((it) => it.id === identityId);
    if (!next || !identity) return;
    const html = swapSignature(draft.html, identity, next);
    change({ identityId, html });
    setBegun(({ key }) => ({ html, key: key + 1 }));
  };
  /** What keeps it from being sent, in words. */
  const obstacle = (): string | undefined => {
    try {
      const all = [draft.to, draft.cc, draft.bcc].flatMap(parseAddresses);
      if (all.length === 0) return t("compose.no-recipient");
    } catch (error) {
      if (error instanceof BadAddress) return t("compose.bad-address", { text: error.text });
      throw error;
    }
    return draft.files.some(({ blobId }) => !blobId) ? t("compose.wait-upload") : undefined;
  };
  const send = async (at: Date | undefined, agreed = false) => {
    const why = obstacle();
    if (why || !identity) {
      setWrong(why);
      return;
    }
    if (goesEndToEnd) {
      protect("end");
      return;
    }
    setIsSending(true);
    try {
      const id = await save();
      if (!id) return;
      const told = await look(id);
      setOutbound(told);
      if (told && stops(told, agreed)) {
        setIsSending(false);
        return;
      }
      isDone.current = true;
      const takeBack = await sendSaved(store, draft, identity, id, at ?? new Date(Date.now() + UNDO_SECONDS * 1000));
      close();
      const words = told && told.approvals.length > 0 ? t("outbound.sent-for-approval") : at ? t("compose.scheduled", { when: longDate(at.toISOString(), i18n.language) }) : t("compose.sends-in", { seconds: UNDO_SECONDS });
      const undo = async () => {
        await takeBack();
        reopen({ draft, savedId: id });
        say(t("compose.canceled"));
      };
      say(words, undo, UNDO_SECONDS * 1000);
    } catch (error) {
      const isKept = error instanceof Unreachable && (await wait(draft, saved.current.id, at).then(() => true, () => false));
      if (isKept) {
        isDone.current = true;
        close();
        say(t("offline.queued"));
        return;
      }
      isDone.current = false;
      setIsSending(false);
      setWrong(t("app.error", { reason: error instanceof Error ? error.message : String(error) }));
    }
  };
  /** Sends it though a rule asks, with what its author says to that. */
  const sendAllTheSame = (override: string | undefined) => {
    const next = { ...draft, override };
    current.current = next;
    setDraft(next);
    void send(undefined, true);
  };
  const isAttaching = draft.files.some(({ blobId }) => !blobId);
  useEffect(() => setPutAside(false), [wanted]);
  useEffect(() => {
    if (isPutAside && !isAttaching) saveAndClose();
    // Only when the last file has arrived.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [isPutAside, isAttaching]);
  const saveAndClose = () => {
    if (isAttaching) {
      setPutAside(true);
      say(t("compose.uploads-on"));
      return;
    }
    const isEmpty = draft === writing.draft && !saved.current.id;
    if (isEmpty) {
      close();
      return;
    }
    save().then(
      () => {
        close();
        say(t("compose.saved"));
      },
      (error: Error) => {
        setPutAside(false);
        setWrong(t("compose.not-saved", { reason: error.message }));
      },
    );
  };
  /** Goes on in the form that encrypts here; the draft on the server goes. */
  const protect = (kind: "portal" | "end") => {
    const work = saving.current.then(async () => {
      const files = await Promise.all(draft.files.filter(({ cid }) => cid === undefined).map((file) => fileOf(store, file)));
      isDone.current = true;
      setForm({ kind, draft, files });
      if (saved.current.id) await store.destroy([saved.current.id]);
    });
    setIsSending(true);
    work.catch(fail).finally(() => setIsSending(false));
  };
  const discard = () => {
    const work = saving.current.then(async () => {
      if (saved.current.id) await store.destroy([saved.current.id]);
    });
    isDone.current = true;
    close();
    work.catch(fail);
  };

  if (form && identity) {
    const Form = form.kind === "portal" ? PortalComposer : EndComposer;
    return <Suspense><Form draft={form.draft} files={form.files} identity={identity} close={close} /></Suspense>;
  }
  return (
    // Keys and files may come from anything within.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      role="dialog"
      aria-label={draft.subject || t("compose.title")}
      hidden={isPutAside}
      className="fixed inset-0 z-30 flex flex-col overflow-y-auto border border-line bg-paper sm:inset-auto sm:end-4 sm:bottom-0 sm:h-[min(640px,90vh)] sm:w-[600px] sm:rounded-t-lg sm:shadow-lg"
      onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
          event.preventDefault();
          void send(undefined);
        }
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        attaching.add(event.dataTransfer.files);
      }}
    >
      <header className="flex items-center gap-2 border-b border-line ps-4 pe-1">
        <h2 dir="auto" className="min-w-0 flex-1 truncate font-semibold">{draft.subject || t("compose.title")}</h2>
        <IconButton icon="close" label={t("compose.minimise")} onPress={saveAndClose} />
      </header>
      {store.identities.length > 1 && (
        <Field label={t("compose.from")}>
          <select value={draft.identityId} onChange={(event) => sendAs(event.target.value)} className="min-w-0 flex-1 bg-paper">
            {store.identities.map((it) => <option key={it.id} value={it.id}>{identityLabel(it)}</option>)}
          </select>
        </Field>
      )}
      <Field label={t("compose.to")} beside={!showsCopies && <button type="button" className="text-quiet hover:text-text" onClick={() => setShowsCopies(true)}>{t("compose.add-cc")}</button>}>
        <AddressField value={draft.to} focus={draft.to === ""} change={(to) => change({ to })} />
      </Field>
      {showsCopies && (
        <>
          <Field label={t("compose.cc")}><AddressField value={draft.cc} change={(cc) => change({ cc })} /></Field>
          <Field label={t("compose.bcc")}><AddressField value={draft.bcc} change={(bcc) => change({ bcc })} /></Field>
        </>
      )}
      <Field label={t("compose.subject")}>
        <input dir="auto" value={draft.subject} onChange={(event) => change({ subject: event.target.value })} className="min-w-0 flex-1 bg-transparent outline-none" />
      </Field>
      <div className="flex min-h-48 flex-1 flex-col">
        <Suspense fallback={<p className="p-3 text-quiet">{t("app.loading")}</p>}>
          <Editor
            key={begun.key}
            insertRef={insert}
            html={begun.html}
            label={t("compose.body")}
            focus={writing.draft.to !== ""}
            changed={(html, text) =>
              setDraft((before) => {
                // The editor's own form of what it was given is no change.
                if (before.html === html && before.text === text) return before;
                const next = { ...before, html, text };
                if (before === saved.current.draft && before.text === "") saved.current.draft = next;
                return next;
              })
            }
          />
        </Suspense>
      </div>
      <Files files={draft.files} progress={attaching.progress} remove={(file) => { attaching.stop(file.key); change({ files: draft.files.filter((it) => it !== file) }); }} />
      {wrong && <p role="alert" className="border-t border-line px-4 py-1.5 text-danger">{wrong}</p>}
      {large && identity && <Suspense><LargeFile file={large} to={draft.to} identity={identity} insert={(html) => insert.current?.(html)} close={() => { setLarge(undefined); setWrong(undefined); }} /></Suspense>}
      {identity && <RecipientsProtection fields={[draft.to, draft.cc, draft.bcc]} from={identity.email} choose={protect} byDefault={setEndDefault} />}
      {outbound && tells(outbound) && !goesEndToEnd && <OutboundPanel told={outbound} isSending={isSending} go={sendAllTheSame} toPortal={() => protect("portal")} />}
      {isEndDefault && (
        <p role="note" className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-1.5">
          {t(isUsual ? "protect.usual-chosen" : "protect.end-by-default")}
          <Button onPress={() => setUsual(!isUsual)}>{t(isUsual ? "protect.choose-end" : "protect.choose-usual")}</Button>
        </p>
      )}
      <ProtectionChoice fields={[draft.to, draft.cc, draft.bcc]} choose={protect} />
      {more && <Options draft={draft} change={change} />}
      {later && <Later max={holdMax(store)} close={() => setLater(false)} schedule={(at) => { setLater(false); void send(at); }} />}
      <footer className="flex items-center gap-1 border-t border-line p-2">
        <Button look="first" icon="sent" isDisabled={isSending} onPress={() => void send(undefined)}>{t(isSending ? "compose.sending" : "compose.send")}</Button>
        <IconButton icon="clock" label={t("compose.send-later")} isDisabled={isSending} onPress={() => setLater(!later)} />
        <label className="inline-flex size-8 cursor-pointer items-center justify-center rounded-md text-quiet focus-within:outline-2 focus-within:outline-accent hover:bg-hover hover:text-text" title={t("compose.attach")}>
          <Icon name="attach" />
          <span className="sr-only">{t("compose.attach")}</span>
          <input
            type="file"
            multiple
            className="sr-only"
            onChange={(event) => {
              if (event.target.files) attaching.add(event.target.files);
              event.target.value = "";
            }}
          />
        </label>
        <IconButton icon="template" label={t("template.title")} onPress={() => setTemplates(true)} />
        <IconButton icon="more" label={t("compose.more")} aria-expanded={more} onPress={() => setMore(!more)} />
        <span className="ms-auto"><IconButton icon="trash" label={t("compose.discard")} onPress={discard} /></span>
      </footer>
      {templates && identity && (
        <Suspense>
          <TemplatesDialog
            draft={draft}
            identity={identity}
            close={() => setTemplates(false)}
            take={(template) => {
              setTemplates(false);
              change({ subject: draft.subject || template.name, files: [...draft.files, ...template.files] });
              insert.current?.(template.html);
            }}
          />
        </Suspense>
      )}
    </section>
  );
}

/** Labels that come with the program. */
const LABELS = ["public", "internal", "confidential", "secret"] as const;

/** What is seldom wanted: a receipt, a label, a reminder. */
function Options({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-2 border-t border-line px-4 py-2">
      <label className="flex items-center gap-2">
        <input type="checkbox" className="accent-accent" checked={draft.receipt} onChange={(event) => change({ receipt: event.target.checked })} />
        {t("compose.receipt")}
      </label>
      <label className="flex flex-wrap items-center gap-2">
        {t("outbound.label")}
        <select value={draft.label} onChange={(event) => change({ label: event.target.value })} className="min-h-8 rounded-md border border-strong-line bg-paper px-2">
          <option value="">{t("outbound.label-none")}</option>
          {LABELS.map((label) => <option key={label} value={label}>{t(`outbound.label-${label}`)}</option>)}
          {draft.label && !LABELS.some((it) => it === draft.label) && <option value={draft.label}>{draft.label}</option>}
        </select>
      </label>
      <label className="flex flex-wrap items-center gap-2">
        {t("compose.wait")}
        <select value={draft.wait} onChange={(event) => change({ wait: Number(event.target.value) })} className="min-h-8 rounded-md border border-strong-line bg-paper px-2">
          <option value={0}>{t("compose.wait-never")}</option>
          {WAITS.map((days) => <option key={days} value={days}>{t("compose.wait-days", { count: days })}</option>)}
        </select>
      </label>
    </div>
  );
}

function Files({ files: all, progress, remove }: { files: Attached[]; progress: ReadonlyMap<string, number>; remove: (file: Attached) => void }) {
  const { t, i18n } = useTranslation();
  // Pictures within the text stand there.
  const files = all.filter(({ cid }) => cid === undefined);
  if (files.length === 0) return null;
  return (
    <ul className="flex max-h-28 flex-wrap gap-2 overflow-y-auto border-t border-line p-2">
      {files.map((file) => (
        <li key={file.key} className="flex max-w-full items-center gap-2 rounded-md border border-line ps-2">
          <span dir="ltr" className="max-w-52 truncate">{file.name || t("read.unnamed")}</span>
          {file.blobId ? (
            <span className="text-quiet">{size(file.size, i18n.language)}</span>
          ) : (
            <progress className="w-20 accent-accent" aria-label={t("compose.uploading", { name: file.name, percent: Math.round((progress.get(file.key) ?? 0) * 100) })} value={progress.get(file.key) ?? 0} max={1} />
          )}
          <IconButton icon="close" label={t("compose.remove", { name: file.name })} onPress={() => remove(file)} />
        </li>
      ))}
    </ul>
  );
}

function Field({ label, beside, children }: { label: string; beside?: ReactNode; children: ReactNode }) {
  return (
    <div className="flex min-h-9 items-center gap-2 border-b border-line px-4 tells-focus focus-within:bg-ground">
      {/* The field is among the children. */}
      <label className="flex min-h-9 min-w-0 flex-1 items-center gap-2">
        <span className="w-14 shrink-0 text-quiet">{label}</span>
        {children}
      </label>
      {beside}
    </div>
  );
}

/** A time to send at. */
function Later({ max, close, schedule }: { max: number; close: () => void; schedule: (at: Date) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const local = (date: Date) => new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  return (
    <form
      className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-2"
      onSubmit={(event) => {
        event.preventDefault();
        const at = new Date(text);
        if (at.getTime() > Date.now()) schedule(at);
        else setWrong(true);
      }}
    >
      <label className="flex items-center gap-2">
        <span className="text-quiet">{t("compose.schedule")}</span>
        <input
          type="datetime-local"
          required
          min={local(new Date())}
          max={local(new Date(Date.now() + max * 1000))}
          value={text}
          onChange={(event) => { setWrong(false); setText(event.target.value); }}
          className="min-h-8 rounded-md border border-strong-line bg-paper px-2"
        />
      </label>
      <Button type="submit">{t("compose.schedule-set")}</Button>
      <Button look="bare" onPress={close}>{t("act.cancel")}</Button>
      {wrong && <span role="alert" className="text-danger">{t("compose.past")}</span>}
    </form>
  );
}
