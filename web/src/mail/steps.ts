// From row to row by keys, over those that are yet to be read, too.

import { useEffect, useRef, useState } from "react";
import type { Id } from "../jmap/types";
import { useStore } from "../store/context";
import type { MessageList } from "../store/list";

/** How long after a conversation was opened those beside it are read, in milliseconds: it comes first. */
const AHEAD_MS = 120;

interface Steps {
  /** Where the cursor is in the list; -1 if nowhere. */
  at: number;
  /** Goes so many rows on, or as far as there are any. */
  step: (by: number) => void;
}

/** `visit` goes to a row that is there. */
export function useSteps(list: MessageList, cursor: Id | undefined, visit: (index: number) => void): Steps {
  const store = useStore();
  // Where the cursor is to go once that row was read.
  const [wanted, setWanted] = useState<number>();
  const before = useRef(-1);
  const at = cursor === undefined ? -1 : (list.ids?.indexOf(cursor) ?? -1);
  if (at >= 0) before.current = at;
  useEffect(() => {
    before.current = -1;
  }, [list]);
  useEffect(() => setWanted(undefined), [list, cursor]);

  const go = (index: number) => {
    const id = list.ids?.[index];
    if (id !== undefined && store.summary(id)) {
      setWanted(undefined);
      visit(index);
    } else {
      setWanted(index);
      store.look(list, index, index);
    }
  };
  const waiting = useRef(go);
  waiting.current = go;
  useEffect(() => {
    if (wanted !== undefined) waiting.current(Math.min(wanted, list.length - 1));
  }, [wanted, list, store.version]);

  const step = (by: number) => {
    if (list.length === 0) return;
    // Where the row of the cursor has gone, the next one stands in its place.
    const from = wanted ?? (at >= 0 ? at : by > 0 ? before.current - 1 : before.current);
    go(Math.min(Math.max(from + by, 0), list.length - 1));
  };
  return { at, step };
}

/** The conversations beside the one that is open are read before somebody goes on to them. */
export function useReadAhead(list: MessageList, at: number, isReading: boolean): void {
  const store = useStore();
  useEffect(() => {
    if (!isReading || at < 0) return undefined;
    const timer = setTimeout(() => {
      for (const index of [at + 1, at - 1]) {
        const id = list.ids?.[index];
        const thread = id === undefined ? undefined : store.summary(id)?.threadId;
        if (thread !== undefined) store.readAhead(thread);
      }
    }, AHEAD_MS);
    return () => clearTimeout(timer);
  }, [store, list, at, isReading]);
}
