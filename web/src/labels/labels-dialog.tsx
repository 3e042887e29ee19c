// The labels of an account, to be made, called something else, coloured or deleted.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Refused } from "../jmap/client";
import type { Label } from "../jmap/types";
import { useStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { changeLabel, deleteLabel, inOrder, labelsOf, makeLabel } from "./label";
import { Dot } from "./marks";

export default function LabelsDialog({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const { say, fail } = useNotices();
  const [editing, setEditing] = useState<Label | "new">();
  const [going, setGoing] = useState<Label>();
  const { colors = [], maxLabels = 0 } = labelsOf(store) ?? {};
  const remove = (label: Label) => {
    setGoing(undefined);
    deleteLabel(store, label.id).then(() => void say(t("label.deleted", { name: label.name })), fail);
  };
  return (
    <Dialog title={t("label.labels")} isOpen close={close}>
      {store.labels.length === 0 && editing === undefined && <p className="mb-3 text-quiet">{t("label.none")}</p>}
      <ul className="mb-3">
        {inOrder(store.labels, i18n.language).map((label) => (
          <li key={label.id} className="border-b border-line">
            <div className="flex min-h-9 items-center gap-2">
              <Dot color={label.color} />
              <span className="min-w-0 flex-1"><bdi>{label.name}</bdi></span>
              <IconButton icon="write" label={t("label.change", { name: label.name })} onPress={() => setEditing(label)} />
              <IconButton icon="trash" label={t("label.delete", { name: label.name })} onPress={() => setGoing(label)} />
            </div>
            {editing === label && <LabelForm label={label} colors={colors} done={() => setEditing(undefined)} />}
          </li>
        ))}
      </ul>
      {editing === "new" && <LabelForm colors={colors} done={() => setEditing(undefined)} />}
      {editing === undefined && store.labels.length < maxLabels && <Button look="first" icon="label" onPress={() => setEditing("new")}>{t("label.new")}</Button>}
      {store.labels.length >= maxLabels && <p className="text-quiet">{t("label.full", { count: maxLabels })}</p>}
      <Dialog title={t("label.delete", { name: going?.name ?? "" })} isOpen={going !== undefined} close={() => setGoing(undefined)}>
        <p className="mb-4">{t("label.delete-why")}</p>
        <div className="flex flex-wrap justify-end gap-2">
          <Button onPress={() => setGoing(undefined)}>{t("act.cancel")}</Button>
          <Button look="danger" onPress={() => going && remove(going)}>{t("act.delete")}</Button>
        </div>
      </Dialog>
    </Dialog>
  );
}

/** Name and colour of a label that is there or is to be made. */
function LabelForm({ label, colors, done }: { label?: Label; colors: string[]; done: () => void }) {
  const { t } = useTranslation();
  const store = useStore();
  const [name, setName] = useState(label?.name ?? "");
  const [color, setColor] = useState(label?.color ?? colors[0] ?? "grey");
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const save = () => {
    const wanted = name.trim();
    if (wanted === "") {
      setWrong(t("label.no-name"));
      return;
    }
    setBusy(true);
    const work: Promise<unknown> = label ? changeLabel(store, label.id, { name: wanted, color }) : makeLabel(store, wanted, color);
    work
      .then(done, (error: Error) => setWrong(error instanceof Refused && error.type === "alreadyExists" ? t("label.exists") : t("app.error", { reason: error.message })))
      .finally(() => setBusy(false));
  };
  return (
    <form
      aria-label={t(label ? "label.change" : "label.new", { name: label?.name ?? "" })}
      className="mb-2 flex flex-wrap items-end gap-2 rounded-md bg-ground p-2"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label className="flex min-w-0 flex-1 basis-40 flex-col">
        <span className="text-quiet">{t("label.name")}</span>
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus */}
        <input autoFocus dir="auto" value={name} maxLength={200} onChange={(event) => { setWrong(undefined); setName(event.target.value); }} className="min-h-8 rounded-md border border-strong-line bg-paper px-2" />
      </label>
      <label className="flex flex-col">
        <span className="text-quiet">{t("label.color")}</span>
        <span className="flex items-center gap-2">
          <Dot color={color} />
          <select value={color} onChange={(event) => setColor(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2">
            {colors.map((it) => <option key={it} value={it}>{t(`label.color-${it}`)}</option>)}
          </select>
        </span>
      </label>
      <Button onPress={done}>{t("act.cancel")}</Button>
      <Button look="first" type="submit" isDisabled={isBusy}>{t("folders.save")}</Button>
      {wrong && <p role="alert" className="basis-full text-danger">{wrong}</p>}
    </form>
  );
}
