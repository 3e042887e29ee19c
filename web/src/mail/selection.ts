import { useCallback, useEffect, useRef, useState } from "react";
import type { Id } from "../jmap/types";
import type { MessageList } from "../store/list";

export interface Selection {
  /** Those that are selected one by one. */
  ids: ReadonlySet<Id>;
  /** Whether everything that the list holds is selected, known here or not. */
  all: boolean;
  /** How many conversations are selected. */
  count: number;
  toggle: (id: Id, range: boolean) => void;
  selectAll: () => void;
  clear: () => void;
}

const NONE: ReadonlySet<Id> = new Set();

/** The conversations that are selected in a list; with `range`, all from the one before to this. */
export function useSelection(list: MessageList): Selection {
  const [ids, setIds] = useState(NONE);
  const [all, setAll] = useState(false);
  const before = useRef<Id | undefined>(undefined);
  const clear = useCallback(() => {
    setAll(false);
    setIds((was) => (was.size === 0 ? was : NONE));
  }, []);
  useEffect(clear, [list, clear]);
  const selectAll = useCallback(() => {
    setIds(NONE);
    setAll(true);
  }, []);
  const toggle = useCallback(
    (id: Id, range: boolean) => {
      const from = range && before.current !== undefined ? (list.ids?.indexOf(before.current) ?? -1) : -1;
      const to = list.ids?.indexOf(id) ?? -1;
      before.current = id;
      setAll(false);
      setIds((was) => {
        // Of everything, what is known here stays selected but for this one.
        const now = new Set(all ? list.ids?.filter((it) => it !== undefined) : was);
        if (from >= 0 && to >= 0 && !all) {
          for (const between of list.ids?.slice(Math.min(from, to), Math.max(from, to) + 1) ?? []) if (between) now.add(between);
        } else if (!now.delete(id)) now.add(id);
        return now;
      });
    },
    [list, all],
  );
  return { ids, all, count: all ? list.length : ids.size, toggle, selectAll, clear };
}
