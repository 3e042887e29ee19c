// Templates to begin with, and what is written as a new one.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Identity } from "../jmap/types";
import { useStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import type { Draft } from "./draft";
import { readTemplates, saveTemplate, type Template } from "./templates";

/** Languages that somebody in trade writes in. */
const LANGUAGES = ["zh", "en", "es", "pt", "fr", "de", "it", "ru", "ar", "ja", "ko", "vi", "tr", "id"];

interface Props {
  draft: Draft;
  identity: Identity;
  take: (template: Template) => void;
  close: () => void;
}

export default function TemplatesDialog({ draft, identity, take, close }: Props) {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const { say, fail } = useNotices();
  const [all, setAll] = useState<Template[]>();
  const [language, setLanguage] = useState(/^zh/i.test(i18n.language) ? "zh" : "en");
  const [only, setOnly] = useState("");
  const [count, setCount] = useState(0);
  useEffect(() => {
    let ended = false;
    readTemplates(store).then((found) => !ended && setAll(found), fail);
    return () => {
      ended = true;
    };
  }, [store, count, fail]);
  const names = new Intl.DisplayNames(i18n.language, { type: "language" });
  const known = [...new Set(all?.map((it) => it.language))].filter((it) => it !== "");
  const shown = all?.filter((it) => only === "" || it.language === only);
  const save = () =>
    saveTemplate(store, draft, identity, language, t("template.folder")).then(() => {
      say(t("template.saved"));
      setCount((before) => before + 1);
    }, fail);
  return (
    <Dialog title={t("template.title")} isOpen close={close}>
      {known.length > 1 && (
        <label className="mb-2 flex flex-wrap items-center gap-2">
          <span className="text-quiet">{t("template.language")}</span>
          <select value={only} onChange={(event) => setOnly(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2">
            <option value="">{t("template.all")}</option>
            {known.map((tag) => <option key={tag} value={tag}>{names.of(tag)}</option>)}
          </select>
        </label>
      )}
      {shown?.length === 0 && <p className="mb-3 text-quiet">{t("template.none")}</p>}
      <ul className="mb-3">
        {shown?.map((it) => (
          <li key={it.id} className="flex items-center gap-2 border-b border-line">
            <button type="button" className="flex min-h-9 min-w-0 flex-1 items-center gap-2 text-start hover:bg-hover" onClick={() => take(it)}>
              <span dir="auto" className="min-w-0 flex-1 truncate">{it.name || t("list.no-subject")}</span>
              {it.language && <span className="text-quiet">{names.of(it.language)}</span>}
            </button>
            <IconButton icon="trash" label={t("template.delete", { name: it.name })} onPress={() => store.destroy([it.id]).then(() => setCount((before) => before + 1), fail)} />
          </li>
        ))}
      </ul>
      <form
        className="flex flex-wrap items-center gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <span className="text-quiet">{t("template.save-as")}</span>
        <select aria-label={t("template.language")} value={language} onChange={(event) => setLanguage(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2">
          {LANGUAGES.map((tag) => <option key={tag} value={tag}>{names.of(tag)}</option>)}
        </select>
        <Button type="submit" isDisabled={draft.text.trim() === ""}>{t("template.save")}</Button>
      </form>
    </Dialog>
  );
}
