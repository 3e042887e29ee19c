// The line above a list: what it is, or what can be done with what is selected in it.

import { useTranslation } from "react-i18next";
import type { Id, Mailbox } from "../jmap/types";
import { useStore } from "../store/context";
import type { MessageList } from "../store/list";
import { Button, IconButton } from "../ui/button";
import type { Everything } from "./everything";
import { folderName } from "./folder-name";
import type { Selection } from "./selection";
import { type Deeds, Toolbar } from "./toolbar";

interface Props {
  list: MessageList;
  mailbox: Mailbox | undefined;
  selection: Selection;
  /** Conversations that are meant, as far as they are known here. */
  rows: Id[];
  deeds: Deeds;
  everything: Everything;
  /** Asks whether all that lies here is to be deleted for good. */
  empty: () => void;
}

export function ListBar({ list, mailbox, selection, rows, deeds, everything, empty }: Props) {
  const { t } = useTranslation();
  const store = useStore();
  const { progress } = everything;
  const folder = mailbox ? folderName(t, mailbox) : t("list.found");
  const canEmpty = (mailbox?.role === "trash" || mailbox?.role === "junk") && mailbox.myRights.mayRemoveItems && list.length > 0;
  if (progress) {
    return (
      <Bar>
        <progress aria-label={t("list.working", progress)} className="min-w-0 flex-1 accent-accent" value={progress.done} max={Math.max(progress.total, 1)} />
        <span role="status" className="shrink-0 text-quiet tabular-nums">{t("list.working", progress)}</span>
        <Button look="bare" onPress={everything.stop}>{t("act.stop")}</Button>
      </Bar>
    );
  }
  if (selection.count === 0 || (selection.all && list.length === 0)) {
    return (
      <Bar>
        {list.length > 0 && (
          <label className="-ms-2 flex size-8 shrink-0 items-center justify-center">
            <span className="sr-only">{t("list.select-all")}</span>
            <input type="checkbox" checked={false} onChange={selection.selectAll} className="size-3.5 accent-accent" />
          </label>
        )}
        <span className="me-auto truncate font-semibold"><bdi>{folder}</bdi></span>
        {list.ids && <span className="shrink-0 text-quiet">{t("list.conversations", { count: list.length })}</span>}
        {canEmpty && <Button look="bare" onPress={empty}>{t("act.empty")}</Button>}
      </Bar>
    );
  }
  return (
    <>
      <Bar>
        <IconButton icon="close" label={t("act.clear")} onPress={selection.clear} />
        <span className="me-auto shrink-0">{t("list.selected", { count: selection.count })}</span>
        <Toolbar ids={rows.filter((id) => store.summary(id))} mailbox={mailbox} deeds={deeds} />
      </Bar>
      {selection.count < list.length && (
        <button type="button" className="min-h-8 border-b border-line px-3 text-accent hover:bg-hover" onClick={selection.selectAll}>
          {t("list.select-all-of", { count: list.length })}
        </button>
      )}
    </>
  );
}

function Bar({ children }: { children: React.ReactNode }) {
  return <div className="flex min-h-9 items-center gap-1 border-b border-line px-3">{children}</div>;
}
