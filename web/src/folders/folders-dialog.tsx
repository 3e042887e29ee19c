// The mailboxes, to be made, called something else, moved, shown or deleted.

import { useEffect, useRef, useState } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { type Id, MAIL, type Mailbox, type MailCapability } from "../jmap/types";
import { folderIcon, folderName, folders } from "../mail/folder-name";
import { useStore } from "../store/context";
import { exportMailbox, saveFile } from "./export";
import { sharedWith } from "./share";
import { Sharing } from "./share-dialog";
import { changeMailbox, deleteMailbox, makeMailbox, type Place, within, wrongName } from "../store/mailboxes";
import type { MailStore } from "../store/store";
import { sweep } from "../store/sweep";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { useNotices } from "../ui/notices";

/** A mailbox that is changed, or where a new one is to lie. */
type Editing = { mailbox: Mailbox } | { parentId: Id | null };

export default function FoldersDialog({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const { say, fail } = useNotices();
  const [editing, setEditing] = useState<Editing>();
  const [going, setGoing] = useState<Mailbox["id"]>();
  const [sharing, setSharing] = useState<Id>();
  const [progress, setProgress] = useState<{ done: number; total: number }>();
  const stopping = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => stopping.current?.abort(), []);
  const mayMake = capability(store)?.mayCreateTopLevelMailbox ?? false;

  const show = (mailbox: Mailbox, isSubscribed: boolean) => changeMailbox(store, mailbox.id, { isSubscribed }).catch(fail);
  const remove = (mailbox: Mailbox) => {
    setGoing(undefined);
    const work = async () => {
      await emptyInto(store, mailbox);
      await deleteMailbox(store, mailbox.id);
      say(t("folders.deleted", { folder: mailbox.name }));
    };
    work().catch(fail);
  };
  const save = (mailbox: Mailbox) => {
    stopping.current?.abort();
    const stop = new AbortController();
    stopping.current = stop;
    const work = async () => {
      const { file, count } = await exportMailbox(store, mailbox.id, { tell: (done, total) => setProgress({ done, total }), stop: stop.signal });
      if (stop.signal.aborted) return;
      saveFile(file, `${folderName(t, mailbox)}.mbox`);
      say(t("folders.exported", { count }));
    };
    work().catch(fail).finally(() => setProgress(undefined));
  };
  const shared = sharing === undefined ? undefined : store.mailboxes.get(sharing);
  // As it is now: what it holds may be known only since the question was put.
  const leaving = going === undefined ? undefined : store.mailboxes.get(going);
  // A form that is answered late must not close the one that was opened meanwhile.
  const over = (form: Editing) => setEditing((now) => (now === form ? undefined : now));

  return (
    <Dialog title={t("folders.title")} isOpen close={close}>
      {progress && (
        <div className="mb-3 flex items-center gap-2">
          <progress aria-label={t("list.working", progress)} className="min-w-0 flex-1 accent-accent" value={progress.done} max={Math.max(progress.total, 1)} />
          <span role="status" className="text-quiet tabular-nums">{t("list.working", progress)}</span>
          <Button look="bare" onPress={() => stopping.current?.abort()}>{t("act.stop")}</Button>
        </div>
      )}
      <ul className="mb-3">
        {folders(store.mailboxes.values(), i18n.language, true).map(({ mailbox, depth }) => (
          <li key={mailbox.id}>
            <div className="flex min-h-9 items-center gap-2" style={{ paddingInlineStart: Math.min(depth, 6) * 12 }}>
              <Icon name={folderIcon(mailbox)} />
              <span className="min-w-0 flex-1 truncate"><bdi>{folderName(t, mailbox)}</bdi></span>
              {sharedWith(mailbox).length > 0 && <span className="text-quiet">{t("share.shared", { count: sharedWith(mailbox).length })}</span>}
              <span className="text-quiet tabular-nums">{new Intl.NumberFormat(i18n.language).format(mailbox.totalEmails)}</span>
              {!mailbox.role && (
                <label className="flex items-center gap-1 text-quiet">
                  <input type="checkbox" className="accent-accent" checked={mailbox.isSubscribed} onChange={(event) => void show(mailbox, event.target.checked)} />
                  <span aria-hidden="true">{t("folders.shown")}</span>
                  <span className="sr-only">{t("folders.show", { folder: folderName(t, mailbox) })}</span>
                </label>
              )}
              <FolderMenu mailbox={mailbox} change={() => setEditing({ mailbox })} add={() => setEditing({ parentId: mailbox.id })} remove={() => setGoing(mailbox.id)} save={() => save(mailbox)} share={() => setSharing(mailbox.id)} />
            </div>
            {editing && "mailbox" in editing && editing.mailbox.id === mailbox.id && <FolderForm mailbox={mailbox} parentId={mailbox.parentId} done={() => over(editing)} />}
            {editing && "parentId" in editing && editing.parentId === mailbox.id && <FolderForm parentId={mailbox.id} done={() => over(editing)} />}
          </li>
        ))}
      </ul>
      {editing && "parentId" in editing && editing.parentId === null && <FolderForm parentId={null} done={() => over(editing)} />}
      {mayMake && !editing && <Button look="first" icon="folder" onPress={() => setEditing({ parentId: null })}>{t("folders.new")}</Button>}
      <Dialog title={t("share.title", { folder: shared ? folderName(t, shared) : "" })} isOpen={shared !== undefined} close={() => setSharing(undefined)}>
        {shared && <Sharing mailbox={shared} />}
      </Dialog>
      <Dialog title={t("folders.delete-title", { folder: leaving?.name ?? "" })} isOpen={leaving !== undefined} close={() => setGoing(undefined)}>
        {leaving && <Deleting mailbox={leaving} cancel={() => setGoing(undefined)} remove={() => remove(leaving)} />}
      </Dialog>
    </Dialog>
  );
}

function capability(store: MailStore): MailCapability | undefined {
  return store.client.session.accounts[store.accountId]?.accountCapabilities[MAIL] as MailCapability | undefined;
}

/** What lies in it goes to Trash, unless it also lies elsewhere. */
async function emptyInto(store: MailStore, mailbox: Mailbox): Promise<void> {
  const trash = store.mailboxOf("trash");
  const quiet = { tell: () => {}, stop: new AbortController().signal };
  await sweep(
    store,
    { inMailbox: mailbox.id },
    ({ mailboxIds }) => {
      if (Object.keys(mailboxIds).length > 1) return { mailboxes: { [mailbox.id]: false } };
      return trash ? { mailboxes: { [mailbox.id]: false, [trash.id]: true } } : undefined;
    },
    quiet,
  );
}

function FolderMenu({ mailbox, change, add, remove, save, share }: Record<"change" | "add" | "remove" | "save" | "share", () => void> & { mailbox: Mailbox }) {
  const { t } = useTranslation();
  const { mayRename, mayCreateChild, mayDelete, mayShare } = mailbox.myRights;
  const deeds: [key: string, name: string, work: () => void, may: boolean][] = [
    ["change", t("folders.change"), change, mayRename && !mailbox.role],
    ["add", t("folders.new-within"), add, mayCreateChild],
    ["share", t("share.menu"), share, mayShare ?? false],
    ["save", t("folders.export"), save, mailbox.totalEmails > 0],
    ["remove", t("act.delete"), remove, mayDelete && !mailbox.role],
  ];
  const may = deeds.filter((deed) => deed[3]);
  if (may.length === 0) return <span className="size-8" />;
  return (
    <MenuTrigger>
      <AriaButton aria-label={t("folders.menu", { folder: folderName(t, mailbox) })} className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-quiet data-[hovered]:bg-hover data-[hovered]:text-text">
        <Icon name="more" />
      </AriaButton>
      <Popover className="min-w-44 rounded-lg border border-line bg-paper p-1">
        <Menu aria-label={t("folders.menu", { folder: folderName(t, mailbox) })} className="outline-none" onAction={(key) => may.find((deed) => deed[0] === key)?.[2]()}>
          {may.map(([key, name]) => (
            <MenuItem key={key} id={key} className="flex min-h-8 items-center rounded-md px-2 outline-none data-[focused]:bg-hover">{name}</MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Name and place of a mailbox that is there or is to be made. */
function FolderForm({ mailbox, parentId, done }: { mailbox?: Mailbox; parentId: Id | null; done: () => void }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const [place, setPlace] = useState<Place>({ name: mailbox?.name ?? "", parentId });
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const all = [...store.mailboxes.values()];
  const inside = mailbox ? within(mailbox.id, all) : new Set<Id>();
  const parents = folders(all, i18n.language, true).filter(({ mailbox: it }) => !inside.has(it.id) && (it.myRights.mayCreateChild || it.id === parentId));

  const save = () => {
    const key = wrongName(place, all, capability(store)?.maxSizeMailboxName ?? 255, mailbox?.id);
    if (key) {
      setWrong(t(key));
      return;
    }
    setBusy(true);
    const work = mailbox ? changeMailbox(store, mailbox.id, { name: place.name.trim(), parentId: place.parentId }) : makeMailbox(store, place);
    work.then(done, (error: Error) => {
      setBusy(false);
      setWrong(t("app.error", { reason: error.message }));
    });
  };
  return (
    <form
      className="my-2 flex flex-col gap-2 rounded-md border border-line p-3"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label className="flex flex-wrap items-center gap-2">
        <span className="w-20 text-quiet">{t("folders.name")}</span>
        {/* Whoever opened the form wants to type here. */}
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus */}
        <input dir="auto" autoFocus required value={place.name} onChange={(event) => { setWrong(undefined); setPlace({ ...place, name: event.target.value }); }} className="min-h-8 min-w-0 flex-1 rounded-md border border-strong-line bg-paper px-2" />
      </label>
      <label className="flex flex-wrap items-center gap-2">
        <span className="w-20 text-quiet">{t("folders.parent")}</span>
        <select value={place.parentId ?? ""} onChange={(event) => { setWrong(undefined); setPlace({ ...place, parentId: event.target.value || null }); }} className="min-h-8 min-w-0 flex-1 rounded-md border border-strong-line bg-paper px-2">
          <option value="">{t("folders.top")}</option>
          {parents.map(({ mailbox: it, depth }) => <option key={it.id} value={it.id}>{"\u2003".repeat(depth) + folderName(t, it)}</option>)}
        </select>
      </label>
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
      <div className="flex justify-end gap-2">
        <Button onPress={done}>{t("act.cancel")}</Button>
        <Button look="first" type="submit" isDisabled={isBusy}>{t("folders.save")}</Button>
      </div>
    </form>
  );
}

function Deleting({ mailbox, cancel, remove }: { mailbox: Mailbox; cancel: () => void; remove: () => void }) {
  const { t } = useTranslation();
  const store = useStore();
  const hasChildren = [...store.mailboxes.values()].some((it) => it.parentId === mailbox.id);
  return (
    <>
      <p className="mb-4">{hasChildren ? t("folders.delete-children") : t("folders.delete-text", { count: mailbox.totalEmails })}</p>
      <div className="flex justify-end gap-2">
        <Button onPress={cancel}>{t("act.cancel")}</Button>
        {!hasChildren && <Button look="danger" onPress={remove}>{t("act.delete")}</Button>}
      </div>
    </>
  );
}
