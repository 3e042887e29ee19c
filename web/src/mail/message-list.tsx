// The list: only the rows that are looked at exist, and only those parts are asked for.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Mailbox } from "../jmap/types";
import { inOrder } from "../labels/label";
import { usePreferences } from "../settings/preferences";
import { useStore } from "../store/context";
import type { MessageList as List } from "../store/list";
import { Button } from "../ui/button";
import { Row } from "./row";

const HEIGHT = { two: 62, one: 36 };

interface Props {
  list: List;
  label: string;
  mailbox: Mailbox | undefined;
  openThread: Id | undefined;
  cursor: Id | undefined;
  selected: ReadonlySet<Id> | "all";
  open: (index: number) => void;
  select: (id: Id, range: boolean) => void;
}

export function MessageList({ list, label, mailbox, openThread, cursor, selected, open, select }: Props) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const labels = useMemo(() => inOrder(store.labels, i18n.language), [store.labels, i18n.language]);
  const { density } = usePreferences();
  const scroller = useRef<HTMLDivElement>(null);
  const height = HEIGHT[density];
  const rows = useVirtualizer({ count: list.length, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 8 });
  const items = rows.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];

  useEffect(() => rows.measure(), [rows, height]);
  // Whenever the store tells: a list that was put aside asks again for what is looked at.
  useEffect(() => store.look(list, first, last), [store, list, first, last, store.version]);
  const cursorIndex = cursor === undefined ? -1 : (list.ids?.indexOf(cursor) ?? -1);
  useEffect(() => {
    if (cursorIndex >= 0) rows.scrollToIndex(cursorIndex, { align: "auto" });
  }, [rows, cursorIndex]);

  const ahead = useCallback((thread: Id) => store.readAhead(thread), [store]);

  const outgoing = mailbox?.role === "sent" || mailbox?.role === "drafts";
  const isEmpty = list.ids !== undefined && list.length === 0;
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        id="messages"
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-rowcount={list.length}
        aria-multiselectable="true"
        aria-activedescendant={items.some(({ index }) => index === cursorIndex) ? `row-${cursor}` : undefined}
        className="h-full overflow-y-auto bg-paper"
      >
        <div role="presentation" style={{ blockSize: rows.getTotalSize(), position: "relative" }}>
          {items.map(({ index, start }) => {
            const id = list.ids?.[index];
            const message = id === undefined ? undefined : store.summary(id);
            return (
              <Row
                key={id ?? index}
                index={index}
                message={message}
                labels={labels}
                count={message ? (store.thread(message.threadId)?.length ?? 1) : 1}
                outgoing={outgoing}
                isOpen={message !== undefined && message.threadId === openThread}
                isCursor={id !== undefined && id === cursor}
                isSelected={id !== undefined && (selected === "all" || selected.has(id))}
                density={density}
                top={start}
                height={height}
                open={open}
                ahead={ahead}
                select={select}
              />
            );
          })}
          {isEmpty && (
            <div role="row" className="p-6 text-center text-quiet">
              <div role="gridcell">{t(mailbox ? "list.empty" : "list.nothing-found")}</div>
            </div>
          )}
          {list.ids === undefined && !list.error && (
            <div role="row" className="p-6 text-center text-quiet">
              <div role="gridcell">{t("app.loading")}</div>
            </div>
          )}
        </div>
      </div>
      {list.error && (
        <div role="alert" className="absolute inset-x-0 top-0 flex flex-col items-center gap-2 border-b border-line bg-paper p-4 text-center">
          <span className="text-danger">{t("list.failed")} {list.error.message}</span>
          <Button onPress={() => { list.error = undefined; store.look(list, first, last); }}>{t("app.again")}</Button>
        </div>
      )}
    </div>
  );
}
