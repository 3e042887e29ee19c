// What an investigation has found: a list, and the message that is read now with what is thought of it.

import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told } from "../../account/section";
import { Button } from "../../ui/button";
import { ActForm } from "../kit/form";
import { List } from "../kit/list";
import { Block, Fact, Facts, Moment, Tone } from "../kit/parts";
import type { Load } from "../kit/remote";
import { type Item, ITEMS_PAGE, MARKS, MARK_TONES, type Search, searchInWords } from "./investigation";
import { MailShown } from "./mail-shown";
import { Person, useAsked } from "./shared";

export function Items({ id, searches, changed }: { id: string; searches: Search[]; changed: () => void }) {
  const { t } = useTranslation();
  const [version, setVersion] = useState(0);
  const [read, setRead] = useState<Item>();
  const rows = useRef<Item[]>([]);
  const load = useMemo<Load<Item>>(() => async ({ filters, cursor }) => {
    const items = await act<Item[]>("investigation-items", { id, mark: filters.mark ?? null, search: filters.found ? Number(filters.found) : null, after: cursor });
    rows.current = cursor === null ? items : [...rows.current, ...items];
    return { items, next: items.length < ITEMS_PAGE ? null : (items.at(-1)?.message ?? null) };
  }, [id]);
  const step = (by: number) => rows.current[rows.current.findIndex(({ message }) => message === read?.message) + by];
  const marked = () => {
    setRead(step(1));
    setVersion((before) => before + 1);
    changed();
  };
  return (
    <>
      {read && (
        <Block
          title="investigation.message"
          beside={
            <>
              <Button isDisabled={!step(-1) || step(-1) === step(0)} onPress={() => setRead(step(-1))}>{t("investigation.previous")}</Button>
              <Button isDisabled={!step(1)} onPress={() => setRead(step(1))}>{t("investigation.next")}</Button>
              <Button onPress={() => setRead(undefined)}>{t("app.close")}</Button>
            </>
          }
        >
          <Reading key={read.message} id={id} item={read} marked={marked} />
        </Block>
      )}
      <h2 className="text-[15px] font-semibold">{t("investigation.items")}</h2>
      <List<Item>
        title="investigation.items"
        load={load}
        // A search that found more has the list read anew.
        version={version + searches.reduce((sum, { new: fresh }) => sum + fresh, searches.length)}
        empty="investigation.items-none"
        rowKey={(row) => row.message}
        filters={[
          { name: "mark", label: "investigation.mark", options: [["", "kit.any"], ...MARKS.map((mark): [string, string] => [mark, `investigation.mark-${mark}`])] },
          { name: "found", label: "investigation.by-search", options: [["", "kit.any"], ...searches.map((search): [string, string] => [String(search.search), `${search.search}. ${searchInWords(search, t)}`])] },
        ]}
        columns={[
          { title: "investigation.subject", cell: (row) => <button type="button" dir="auto" className="text-start font-medium text-accent underline" onClick={() => setRead(row)}>{row.subject || t("mailshown.no-subject")}</button>, text: (row) => row.subject ?? "" },
          { title: "investigation.from", cell: (row) => <bdi>{row.from}</bdi>, text: (row) => row.from ?? "" },
          { title: "investigation.custodian", cell: (row) => <Person address={row.custodian} />, text: (row) => row.custodian },
          { title: "investigation.received", cell: (row) => <Moment at={row.received} />, text: (row) => row.received ?? "" },
          { title: "investigation.where", cell: (row) => (row.removed === null ? row.folders.join(", ") : <Tone tone="warning">{t("investigation.removed")}</Tone>), text: (row) => (row.removed === null ? row.folders.join(", ") : t("investigation.removed")) },
          { title: "investigation.mark", cell: (row) => <Tone tone={MARK_TONES[row.mark]}>{t(`investigation.mark-${row.mark}`)}</Tone>, text: (row) => t(`investigation.mark-${row.mark}`) },
          { title: "investigation.note", cell: (row) => row.note, text: (row) => row.note },
        ]}
      />
    </>
  );
}

function Reading({ id, item, marked }: { id: string; item: Item; marked: () => void }) {
  const known = useAsked<{ base64: string }>("investigation-message", { id, message: item.message });
  return (
    <div className="flex flex-col gap-4">
      <Facts>
        <Fact name="investigation.custodian"><Person address={item.custodian} /></Fact>
        <Fact name="investigation.received"><Moment at={item.received} /></Fact>
        {item.removed !== null && <Fact name="investigation.removed"><Moment at={item.removed} /></Fact>}
        {item.marked_by !== null && item.marked_by !== "" && <Fact name="investigation.marked-by"><Person address={item.marked_by} /></Fact>}
      </Facts>
      <div className="max-w-xl">
        <ActForm
          action="investigation-mark"
          submit="investigation.keep-mark"
          fixed={{ id, message: item.message }}
          fields={[
            { name: "mark", label: "investigation.mark", hint: "investigation.mark-hint", kind: "choice", options: MARKS.map((mark): [string, string] => [mark, `investigation.mark-${mark}`]) },
            { name: "note", label: "investigation.note", isOptional: true },
          ]}
          initial={{ mark: item.mark === "unseen" ? "relevant" : item.mark, note: item.note }}
          body={({ mark, note }) => ({ mark, note: note ?? "" })}
          done={marked}
        />
      </div>
      <Told of={known}>{({ base64 }) => <MailShown base64={base64} name={item.message} />}</Told>
    </div>
  );
}
