// Where recipients are typed; contacts are suggested for the last of them.

import { useEffect, useId, useRef, useState } from "react";
import { useBook } from "./book";
import { personOf } from "./card";
import { showAddresses } from "../compose/addresses";

const SUGGESTED_MAX = 8;
/** Where the last recipient begins. */
const LAST = /[^,;\uFF0C\uFF1B]*$/;

export function AddressField({ value, focus = false, change }: { value: string; focus?: boolean; change: (value: string) => void }) {
  const { book } = useBook();
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  useEffect(() => {
    if (focus) field.current?.focus();
    // Only when it appears.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);
  const typed = (LAST.exec(value)?.[0] ?? "").trim();
  const suggested = !isOpen || typed === "" ? [] : book.find(typed, SUGGESTED_MAX).flatMap((card) => {
    const { name, emails } = personOf(card);
    return emails.map((email) => showAddresses([{ name: name === email ? null : name, email }]));
  }).filter((it) => it !== typed).slice(0, SUGGESTED_MAX);
  const take = (chosen: string) => {
    change(value.replace(LAST, (last) => `${/^\s/.test(last) ? " " : ""}${chosen}, `));
    setOpen(false);
    field.current?.focus();
  };
  const isShown = suggested.length > 0;
  return (
    <span className="relative min-w-0 flex-1">
      <input
        ref={field}
        type="text"
        inputMode="email"
        autoComplete="off"
        spellCheck={false}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={isShown ? id : undefined}
        aria-activedescendant={isShown ? `${id}-${at}` : undefined}
        value={value}
        onChange={(event) => { setAt(0); setOpen(true); change(event.target.value); }}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          if (!isShown || event.nativeEvent.isComposing) return;
          if (event.key === "ArrowDown") setAt((before) => (before + 1) % suggested.length);
          else if (event.key === "ArrowUp") setAt((before) => (before + suggested.length - 1) % suggested.length);
          else if (event.key === "Escape") setOpen(false);
          else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") take(suggested[at] ?? "");
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
        className="w-full bg-transparent outline-none"
      />
      {isShown && (
        <div id={id} role="listbox" aria-label={value} className="absolute inset-x-0 top-full z-20 max-h-64 overflow-y-auto rounded-lg border border-line bg-paper p-1 shadow-sm">
          {suggested.map((it, index) => (
            // Keys are those of the field.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={it}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === at}
              // The field keeps the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(it)}
              className={`min-h-8 cursor-pointer truncate rounded-md px-2 py-1 ${index === at ? "bg-hover" : ""}`}
            >
              <bdi>{it}</bdi>
            </div>
          ))}
        </div>
      )}
    </span>
  );
}
