// A list of the console: filters that stand in the address of the page, rows page by page from the server, a file of them.

import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { goToSignIn } from "../../account/session";
import { NotShown, useWithFactor } from "../../account/step-up";
import { SignedOut } from "../../jmap/client";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { csv, type Load, PAGE_ROWS, saveFile } from "./remote";
import { SavedViews } from "./views";
import { words } from "./words";

export interface Column<T> {
  /** Its name in the catalogue. */
  title: string;
  cell: (row: T) => ReactNode;
  /** As the file has it; a column without is not in it. */
  text?: (row: T) => string;
  /** Numbers stand to the end of their cell. */
  isNumber?: boolean;
}

export interface Filter {
  name: string;
  /** Its name in the catalogue. */
  label: string;
  /** What there is to choose from, value and name, in the catalogue or as it is; a text is typed where there is nothing. */
  options?: [string, string][];
  kind?: "text" | "date" | "address";
  /** Words that may stand where an address does. */
  words?: string[];
  /** What stands in an empty field, in the catalogue. */
  hint?: string;
  /** What is chosen at first. */
  usual?: string;
  /** Its field stands elsewhere on the page. */
  isElsewhere?: boolean;
}

interface Props<T> {
  /** What is listed, in the words of the catalogue. */
  title: string;
  load: Load<T>;
  columns: Column<T>[];
  filters?: Filter[];
  rowKey: (row: T) => string;
  /** Where a row leads. */
  to?: (row: T) => string;
  /** What can be done with a row. */
  acts?: (row: T, again: () => void) => ReactNode;
  /** What is said where there is nothing. */
  empty: string;
  /** Changes when the list has to be read anew. */
  version?: number;
}

/** Rows of a file at most: more is asked for by the command line. */
const FILE_ROWS_MAX = 50_000;
/** What is typed is asked for so long after the last letter. */
const TYPED_MS = 300;
/** The server looks through so much at once; so often it is asked to go on where it found nothing yet. */
const EMPTY_PAGES_MAX = 10;
/** An address that is typed as far as it goes: shorter ones are nobody's. */
const WHOLE_ADDRESS = /^[^@\s]+@[^@\s]+\.[^@\s]{2,}$/;

/** Filters as the address of the page has them, without those that are not this list's. */
export function useFilters(filters: Filter[]): [Record<string, string>, (name: string, value: string) => void] {
  const search = useRouterState({ select: (state) => state.location.search }) as unknown as Record<string, unknown>;
  const navigate = useNavigate();
  const now = Object.fromEntries(filters.flatMap(({ name, usual }) => {
    const value = search[name] === undefined ? (usual ?? "") : String(search[name]);
    return value === "" ? [] : [[name, value]];
  }));
  const set = (name: string, value: string) => {
    void navigate({ to: ".", replace: true, search: ((before: Record<string, unknown>) => ({ ...before, [name]: value === "" && filters.find((it) => it.name === name)?.usual === undefined ? undefined : value })) as never });
  };
  return [now, set];
}

export function List<T>({ title, load, columns, filters = [], rowKey, to, acts, empty, version = 0 }: Props<T>) {
  const { t } = useTranslation();
  const { fail } = useNotices();
  const withFactor = useWithFactor();
  const [chosen, choose] = useFilters(filters);
  const [rows, setRows] = useState<T[]>();
  const [next, setNext] = useState<string | null>(null);
  const [error, setError] = useState<Error>();
  const [isBusy, setBusy] = useState(false);
  const [count, setCount] = useState(0);
  const key = JSON.stringify(chosen);
  const asked = useRef("");
  const again = useCallback(() => setCount((before) => before + 1), []);
  const latest = useRef(load);
  latest.current = load;

  const read = useCallback(
    (cursor: string | null) => {
      const mine = `${key} ${count} ${version} ${cursor}`;
      asked.current = mine;
      setBusy(true);
      setError(undefined);
      const ask = async () => {
        let page = await latest.current({ filters: JSON.parse(key) as Record<string, string>, cursor, limit: PAGE_ROWS });
        for (let count = 1; page.items.length === 0 && page.next !== null && count < EMPTY_PAGES_MAX && asked.current === mine; count += 1) {
          page = await latest.current({ filters: JSON.parse(key) as Record<string, string>, cursor: page.next, limit: PAGE_ROWS });
        }
        return page;
      };
      withFactor(ask)
        .then(
          (page) => {
            // What was asked for before is no longer wanted.
            if (asked.current !== mine) return;
            setRows((before) => (cursor === null ? page.items : [...(before ?? []), ...page.items]));
            setNext(page.next);
          },
          (reason: Error) => {
            if (reason instanceof SignedOut) void goToSignIn();
            else if (asked.current === mine) setError(reason instanceof NotShown ? new Error(t("kit.factor-needed")) : reason);
          },
        )
        .finally(() => asked.current === mine && setBusy(false));
    },
    [key, count, version, withFactor, t],
  );
  useEffect(() => read(null), [read]);

  const save = async () => {
    const filled = JSON.parse(key) as Record<string, string>;
    const kept = columns.filter((column) => column.text);
    const cells: string[][] = [kept.map((column) => t(column.title))];
    let cursor: string | null = null;
    do {
      const page = await load({ filters: filled, cursor, limit: PAGE_ROWS });
      cells.push(...page.items.map((row) => kept.map((column) => column.text?.(row) ?? "")));
      cursor = page.next;
    } while (cursor !== null && cells.length < FILE_ROWS_MAX);
    saveFile(`${t(title)}.csv`, "text/csv", csv(cells));
  };

  return (
    <section aria-label={t(title)} aria-busy={isBusy} className="flex flex-col gap-2">
      <div className="flex flex-wrap items-end gap-2 print-hidden">
        {filters.filter((filter) => !filter.isElsewhere).map((filter) => <FilterField key={filter.name} filter={filter} value={chosen[filter.name] ?? ""} set={(value) => choose(filter.name, value)} />)}
        <div className="ms-auto flex flex-wrap gap-2">
          {filters.length > 0 && <SavedViews title={title} />}
          {columns.some((column) => column.text) && <Button onPress={() => void save().catch(fail)} isDisabled={!rows?.length}>{t("kit.save-csv")}</Button>}
        </div>
      </div>
      {error && (
        <div role="alert" className="flex flex-wrap items-center gap-2">
          <span className="text-danger">{t("app.error", { reason: error.message })}</span>
          <Button onPress={again}>{t("app.again")}</Button>
        </div>
      )}
      {rows?.length === 0 && !error && <p className="rounded-lg border border-line bg-paper p-4 text-quiet">{t(next === null ? empty : "kit.none-yet")}</p>}
      {rows === undefined && !error && <p className="text-quiet">{t("app.loading")}</p>}
      {rows !== undefined && rows.length > 0 && (
        // What is wider than the window is moved within its own frame, by keys too.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div role="group" aria-label={t("kit.table", { title: t(title) })} tabIndex={0} className="overflow-x-auto rounded-lg border border-line bg-paper">
          {/* Words stand whole where there is room, and where there is none the table moves. */}
          <table className="w-full border-collapse text-start [overflow-wrap:break-word]">
            <thead>
              <tr className="border-b border-line text-quiet">
                {columns.map((column) => <th key={column.title} scope="col" className={`px-3 py-2 font-medium whitespace-nowrap ${column.isNumber ? "text-end" : "text-start"}`}>{t(column.title)}</th>)}
                {acts && <th scope="col" className="px-3 py-2 text-end font-medium">{t("kit.acts")}</th>}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={rowKey(row)} className="border-b border-line last:border-b-0 hover:bg-hover">
                  {columns.map((column, index) => (
                    <td key={column.title} className={`max-w-96 px-3 py-1.5 align-top ${column.isNumber ? "text-end tabular-nums" : ""}`}>
                      {index === 0 && to ? <Link to={to(row)} className="font-medium text-accent underline">{column.cell(row)}</Link> : column.cell(row)}
                    </td>
                  ))}
                  {acts && <td className="px-3 py-1 text-end"><div className="flex flex-wrap justify-end gap-1 whitespace-nowrap">{acts(row, again)}</div></td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows !== undefined && (rows.length > 0 || next !== null) && (
        <div className="flex items-center gap-3 text-quiet">
          {rows.length > 0 && <span>{t(next === null ? "kit.count" : "kit.count-more", { count: rows.length })}</span>}
          {next !== null && <Button isDisabled={isBusy} onPress={() => read(next)}>{t("kit.more")}</Button>}
        </div>
      )}
    </section>
  );
}

/** The field of one filter. */
export function FilterField({ filter, value, set }: { filter: Filter; value: string; set: (value: string) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const sent = useRef(value);
  useEffect(() => {
    // What was typed since it was asked for stays; another value comes from elsewhere: a view, or the way back.
    if (value !== sent.current) setTyped(value);
    sent.current = value;
  }, [value]);
  const field = "min-h-8 max-w-full rounded-md border border-strong-line bg-paper px-2";
  return (
    <label className="flex max-w-full flex-col">
      <span className="text-quiet">{t(filter.label)}</span>
      {filter.options ? (
        <select className={field} value={value} onChange={(event) => set(event.target.value)}>
          {filter.options.map(([option, name]) => <option key={option} value={option}>{words(t, name)}</option>)}
        </select>
      ) : (
        <input
          type={filter.kind === "date" ? "date" : "search"}
          dir={filter.kind === "address" ? "ltr" : "auto"}
          placeholder={filter.hint ? t(filter.hint) : filter.kind === "address" ? t("kit.whole-address") : undefined}
          maxLength={200}
          className={field}
          value={typed}
          onChange={(event) => {
            const text = event.target.value;
            setTyped(text);
            clearTimeout(timer.current);
            const wanted = text.trim();
            if (filter.kind === "address" && wanted !== "" && !WHOLE_ADDRESS.test(wanted) && !filter.words?.includes(wanted)) return;
            timer.current = setTimeout(() => {
              sent.current = wanted;
              set(wanted);
            }, TYPED_MS);
          }}
        />
      )}
    </label>
  );
}
