// The way to everything by its name: screens at once, people as the server finds them.

import { useNavigate } from "@tanstack/react-router";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "../ui/dialog";
import { usePlaces } from "./frame";
import { useMay } from "./kit/me";
import { findPeople } from "./people/find";

const FOUND_MAX = 8;
const TYPED_MS = 200;

interface Way {
  to: string;
  name: string;
  what: string;
}

export function GoTo({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const { t } = useTranslation();
  return <Dialog title={t("console.go-to")} isOpen={isOpen} close={close}><Ways close={close} /></Dialog>;
}

function Ways({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const navigate = useNavigate();
  const places = usePlaces();
  const may = useMay();
  const [typed, setTyped] = useState("");
  const [people, setPeople] = useState<Way[]>([]);
  const [at, setAt] = useState(0);
  const mayFind = may("account.read");
  useEffect(() => {
    setPeople([]);
    if (!mayFind || typed.trim().length < 2) return undefined;
    let ended = false;
    const timer = setTimeout(() => {
      findPeople(typed.trim(), FOUND_MAX).then(
        (found) => !ended && setPeople(found.map(({ address, name }) => ({ to: `/people/${encodeURIComponent(address)}`, name: address, what: name }))),
        // Screens are found all the same.
        () => {},
      );
    }, TYPED_MS);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [typed, mayFind]);
  const words = typed.trim().toLowerCase();
  const ways = [...places.filter(({ title }) => t(title).toLowerCase().includes(words)).map(({ path, title, part }): Way => ({ to: path, name: t(title), what: t(`console.part-${part}`) })), ...people].slice(0, 2 * FOUND_MAX);
  const here = Math.min(at, ways.length - 1);
  const go = (way: Way | undefined) => {
    if (!way) return;
    close();
    void navigate({ to: way.to });
  };
  return (
    <div className="flex flex-col gap-2">
      <input
        // The dialog is opened to type here.
        // oxlint-disable-next-line jsx-a11y/no-autofocus
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-ways`}
        aria-activedescendant={ways[here] ? `${id}-${here}` : undefined}
        aria-label={t("console.go-to-what")}
        placeholder={t("console.go-to-what")}
        dir="auto"
        maxLength={200}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(here + 1, ways.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(here - 1, 0));
          else if (event.key === "Enter") go(ways[here]);
          else return;
          event.preventDefault();
        }}
        className="min-h-9 w-full rounded-md border border-strong-line bg-paper px-2"
      />
      <div id={`${id}-ways`} role="listbox" aria-label={t("console.go-to")} className="max-h-80 overflow-y-auto">
        {ways.map((way, index) => (
          // What the field's keys reach is not reached by Tab.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <div key={way.to} id={`${id}-${index}`} role="option" aria-selected={index === here} tabIndex={-1} className={`flex cursor-pointer justify-between gap-2 rounded-md px-2 py-1.5 ${index === here ? "bg-chosen" : "hover:bg-hover"}`} onClick={() => go(way)}>
            <bdi>{way.name}</bdi><span className="text-quiet">{way.what}</span>
          </div>
        ))}
      </div>
      {ways.length === 0 && <p className="text-quiet">{t("console.go-to-nothing")}</p>}
    </div>
  );
}
