// What somebody prefers in this browser.

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type Density = "two" | "one";

/** Pictures from elsewhere: loaded when asked for, or at once in mail of proven partners and colleagues. */
export type Pictures = "ask" | "partners";

export interface Preferences {
  pictures: Pictures;
  theme: Theme;
  density: Density;
  /** Whether new mail is told through the system. */
  notifies: boolean;
  /** Whether the newest mail is kept in this browser. */
  offline: boolean;
}

const PLACE = "tradewind.preferences";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function read(): Preferences {
  const usual: Preferences = { theme: "system", density: "two", pictures: "ask", notifies: false, offline: false };
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Partial<Preferences>) };
  } catch {
    return usual;
  }
}

let preferences = read();

function show(): void {
  const isDark = preferences.theme === "dark" || (preferences.theme === "system" && dark.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

dark.addEventListener("change", show);
show();

export function prefer(change: Partial<Preferences>): void {
  preferences = { ...preferences, ...change };
  localStorage.setItem(PLACE, JSON.stringify(preferences));
  show();
  listeners.forEach((listener) => listener());
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => preferences,
  );
}
