// Puts labels on what is meant, and takes them off.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Label, Summary } from "../jmap/types";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { inOrder, labelCalled, makeLabel } from "./label";
import { Dot } from "./marks";

interface Props {
  /** Those that are meant, as far as they are known here; none where all of a list is. */
  messages: Summary[];
  put: (keyword: string, there: boolean) => void;
  manage: () => void;
  close: () => void;
}

export default function LabelPicker({ messages, put, manage, close }: Props) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const { fail } = useNotices();
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const wanted = text.trim();
  const shown = inOrder(store.labels, i18n.language).filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  const has = ({ keyword }: Label) => messages.filter((it) => it.keywords[keyword]).length;
  const submit = () => {
    const known = labelCalled(store.labels, wanted) ?? (shown.length === 1 ? shown[0] : undefined);
    if (wanted === "") close();
    else if (known) {
      put(known.keyword, has(known) < messages.length || messages.length === 0);
      setText("");
    } else {
      setBusy(true);
      makeLabel(store, wanted, "grey").then(({ keyword }) => { put(keyword, true); setText(""); }, fail).finally(() => setBusy(false));
    }
  };
  return (
    <Dialog title={t("label.put")} isOpen close={close}>
      <form
        className="mb-2 flex flex-wrap gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {/* What is typed first is which label. */}
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus */}
        <input autoFocus dir="auto" aria-label={t("label.find")} placeholder={t("label.find")} maxLength={200} value={text} onChange={(event) => setText(event.target.value)} className="min-h-8 min-w-0 flex-1 basis-40 rounded-md border border-strong-line bg-paper px-2" />
        {wanted !== "" && shown.length === 0 && <Button look="first" type="submit" isDisabled={isBusy}>{t("label.make", { name: wanted })}</Button>}
      </form>
      <ul className="max-h-80 overflow-y-auto">
        {shown.map((label) => {
          const count = has(label);
          return (
            <li key={label.id}>
              <label className="flex min-h-8 items-center gap-2 rounded-md px-1 hover:bg-hover">
                <input
                  type="checkbox"
                  className="accent-accent"
                  checked={count > 0 && count === messages.length}
                  ref={(box) => {
                    if (box) box.indeterminate = count > 0 && count < messages.length;
                  }}
                  onChange={(event) => put(label.keyword, event.target.checked)}
                />
                <Dot color={label.color} />
                <span className="min-w-0 flex-1"><bdi>{label.name}</bdi></span>
              </label>
            </li>
          );
        })}
      </ul>
      {store.labels.length === 0 && wanted === "" && <p className="text-quiet">{t("label.none")}</p>}
      <div className="mt-3 flex flex-wrap justify-between gap-2">
        <Button look="bare" onPress={manage}>{t("label.manage")}</Button>
        <Button look="first" onPress={close}>{t("label.done")}</Button>
      </div>
    </Dialog>
  );
}
