// The keyboard: the keys that people know from Gmail.

import { useEffect, useRef } from "react";

/** Keys of each command; two with a space are struck one after the other. */
export const KEYS = {
  next: ["j", "ArrowDown"],
  previous: ["k", "ArrowUp"],
  open: ["o", "Enter"],
  back: ["u", "Escape"],
  select: ["x"],
  "select-all": ["* a"],
  "select-none": ["* n"],
  archive: ["e"],
  delete: ["#", "Delete"],
  junk: ["!"],
  flag: ["s"],
  label: ["l"],
  seen: ["I"],
  unseen: ["U"],
  undo: ["z"],
  compose: ["c"],
  reply: ["r"],
  "reply-all": ["a"],
  forward: ["f"],
  search: ["/"],
  inbox: ["g i"],
  sent: ["g t"],
  drafts: ["g d"],
  help: ["?"],
} as const;

export type Command = keyof typeof KEYS;

/** Keys that wait for a second one. */
const FIRST = new Set(["g", "*"]);

/** How long the second key is waited for. */
const SECOND_MS = 1500;

const commands = new Map<string, Command>(
  Object.entries(KEYS).flatMap(([command, keys]) => keys.map((key): [string, Command] => [key, command as Command])),
);

/** Whether what has the focus takes keys itself. */
function takesKeys(element: Element | null): boolean {
  if (!(element instanceof HTMLElement)) return false;
  if (element.isContentEditable || element.closest("[role=dialog],[role=menu],[role=listbox],[role=alertdialog]")) return true;
  return ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName) && (element as HTMLInputElement).type !== "checkbox";
}

/** Carries out commands as their keys are struck. Those that are absent from `handlers` leave the key to the browser. */
export function useKeys(handlers: Partial<Record<Command, () => void>>): void {
  const current = useRef(handlers);
  current.current = handlers;
  useEffect(() => {
    let first: { key: string; at: number } | undefined;
    const strike = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (takesKeys(document.activeElement)) return;
      const isButton = document.activeElement?.matches("button,a,[role=button],input[type=checkbox]") ?? false;
      if (isButton && (event.key === "Enter" || event.key === " ")) return;
      const before = first && event.timeStamp - first.at < SECOND_MS ? `${first.key} ` : "";
      first = undefined;
      const command = commands.get(before + event.key);
      const handler = command && current.current[command];
      if (handler) {
        event.preventDefault();
        handler();
      } else if (FIRST.has(event.key)) {
        first = { key: event.key, at: event.timeStamp };
      }
    };
    document.addEventListener("keydown", strike);
    return () => document.removeEventListener("keydown", strike);
  }, []);
}
