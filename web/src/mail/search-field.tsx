import { type RefObject, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../ui/button";
import { Icon } from "../ui/icon";

const examples: [string, string][] = [
  ["from:anna", "help-from"],
  ["to:sales", "help-to"],
  ["subject:invoice", "help-subject"],
  ["has:attachment", "help-attachment"],
  ["is:unread", "help-unread"],
  ["in:archive", "help-in"],
  ["label:urgent", "help-label"],
  ["after:2026-03-31", "help-before"],
  ["larger:5m", "help-larger"],
  ["-word", "help-not"],
];

/** Where a search is typed; what it may hold stands below while it has the focus. */
export function SearchField({ q, search, clear, field }: { q: string | undefined; search: (q: string) => void; clear: () => void; field: RefObject<HTMLInputElement | null> }) {
  const { t } = useTranslation();
  const [text, setText] = useState(q ?? "");
  const [helps, setHelps] = useState(false);
  useEffect(() => setText(q ?? ""), [q]);
  return (
    <search className="relative min-w-0 flex-1">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setHelps(false);
          if (text.trim() === "") clear();
          else search(text.trim());
          field.current?.blur();
        }}
        className="flex min-h-8 items-center gap-2 rounded-md border border-strong-line bg-paper ps-2 focus-within:outline-2 focus-within:outline-accent"
      >
        <Icon name="search" />
        <input
          ref={field}
          dir={text === "" ? undefined : "auto"}
          type="text"
          enterKeyHint="search"
          aria-label={t("search.label")}
          aria-describedby={helps ? "search-help" : undefined}
          placeholder={t("search.placeholder")}
          className="min-w-0 flex-1 bg-transparent outline-none"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onFocus={() => setHelps(true)}
          onBlur={() => setHelps(false)}
          onKeyDown={(event) => {
            if (event.key === "Escape") field.current?.blur();
          }}
        />
        {(text !== "" || q !== undefined) && (
          <IconButton
            icon="close"
            label={t("search.clear")}
            onPress={() => {
              setText("");
              clear();
            }}
          />
        )}
      </form>
      {helps && (
        <div id="search-help" className="absolute inset-x-0 top-full z-20 mt-1 rounded-lg border border-line bg-paper p-3">
          <div className="mb-1 text-quiet">{t("search.operators")}</div>
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5">
            {examples.map(([example, key]) => (
              <div key={key} className="contents">
                <dt><code className="font-sans text-accent">{example}</code></dt>
                <dd className="text-quiet">{t(`search.${key}`)}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
    </search>
  );
}
