// Short notices of what was done, perhaps with a way back; and of what went wrong.

import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./button";

const SHOWN_MS = 8000;

interface Notice {
  id: number;
  text: string;
  isError: boolean;
  undo?: () => void;
  act?: Act;
}

/** What somebody can do about a notice. */
export interface Act {
  name: string;
  run: () => void;
}

export interface Notices {
  /** Says something, with what takes it back; gives what takes the notice away. */
  say: (text: string, undo?: (() => Promise<void>) | Act, forMs?: number) => () => void;
  fail: (error: unknown) => void;
  /** Takes back what the newest notice offers to. */
  undo: () => void;
}

const Context = createContext<Notices | undefined>(undefined);

export function useNotices(): Notices {
  const notices = useContext(Context);
  if (!notices) throw new Error("no notices above this component");
  return notices;
}

export function NoticeProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<Notice[]>([]);
  const next = useRef(0);
  const newest = useRef<Notice | undefined>(undefined);

  const remove = useCallback((id: number) => setShown((all) => all.filter((it) => it.id !== id)), []);
  const add = useCallback(
    (notice: Omit<Notice, "id">, forMs: number) => {
      const id = next.current++;
      newest.current = { ...notice, id };
      setShown((all) => [...all.slice(-2), { ...notice, id }]);
      setTimeout(() => remove(id), forMs);
      return () => remove(id);
    },
    [remove],
  );
  const notices = useMemo<Notices>(() => {
    const fail = (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      add({ text: t("app.error", { reason }), isError: true }, SHOWN_MS);
    };
    const say: Notices["say"] = (text, undo, forMs = SHOWN_MS) => {
      if (typeof undo !== "function") return add({ text, isError: false, act: undo }, forMs);
      let done = false;
      const takeBack = () => {
        if (done) return;
        done = true;
        away();
        undo().catch(fail);
      };
      const away = add({ text, isError: false, undo: takeBack }, forMs);
      return away;
    };
    return { say, fail, undo: () => newest.current?.undo?.() };
  }, [add, t]);

  return (
    <Context.Provider value={notices}>
      {children}
      <div role="status" aria-live="polite" className="print-hidden pointer-events-none fixed inset-x-0 bottom-4 z-50 flex flex-col items-center gap-2 px-4">
        {shown.map((notice) => (
          <div key={notice.id} className="pointer-events-auto flex max-w-full items-center gap-3 rounded-lg border border-line bg-paper py-1 ps-4 pe-1 shadow-sm">
            <span className={notice.isError ? "text-danger" : ""}>{notice.text}</span>
            {notice.act && <Button look="plain" onPress={() => { remove(notice.id); notice.act?.run(); }}>{notice.act.name}</Button>}
            {notice.undo && <Button look="plain" onPress={notice.undo}>{t("app.undo")}</Button>}
            <IconButton icon="close" label={t("app.close")} onPress={() => remove(notice.id)} />
          </div>
        ))}
      </div>
    </Context.Provider>
  );
}
