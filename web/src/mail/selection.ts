import { useCallback, useEffect, useRef, useState } from "react";
import type { Id } from "../jmap/types";
import type { MessageList } from "../store/list";

export interface Selection {
  ids: ReadonlySet<Id>;
  toggle: (id: Id, range: boolean) => void;
  clear: () => void;
}

/** The conversations that are selected in a list; with `range`, all from the one before to this. */
export function useSelection(list: MessageList): Selection {
  const [ids, setIds] = useState<ReadonlySet<Id>>(new Set());
  const before = useRef<Id | undefined>(undefined);
  const clear = useCallback(() => setIds((was) => (was.size === 0 ? was : new Set())), []);
  useEffect(clear, [list, clear]);
  const toggle = useCallback(
    (id: Id, range: boolean) => {
      const from = range && before.current !== undefined ? (list.ids?.indexOf(before.current) ?? -1) : -1;
      const to = list.ids?.indexOf(id) ?? -1;
      before.current = id;
      setIds((was) => {
        const now = new Set(was);
        if (from >= 0 && to >= 0) {
          for (const between of list.ids?.slice(Math.min(from, to), Math.max(from, to) + 1) ?? []) if (between) now.add(between);
        } else if (!now.delete(id)) now.add(id);
        return now;
      });
    },
    [list],
  );
  return { ids, toggle, clear };
}
