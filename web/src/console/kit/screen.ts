// What a screen of the console is: its place, what it is called, and the right without which it shows nothing.

import { type ComponentType, lazy, type LazyExoticComponent } from "react";

/** Parts of the console, in the order of their places. */
export const PARTS = ["monitor", "defend", "flow", "people", "govern", "operate"] as const;

export interface Screen {
  part: (typeof PARTS)[number];
  /** Below `/console`; with `$` before what names one thing. */
  path: string;
  /** Its name in the catalogue. */
  title: string;
  /** Any of these rights is needed; none if everybody may see it. */
  rights: string[];
  /** Whether it stands among the places; one thing's own page does not. */
  isPlace: boolean;
  component: LazyExoticComponent<ComponentType>;
}

type Loaded = () => Promise<{ default: ComponentType }>;

/** A screen among the places of a part. */
export const place = (part: Screen["part"], path: string, title: string, rights: string[], load: Loaded): Screen => ({ part, path, title, rights, isPlace: true, component: lazy(load) });

/** The page of one thing. */
export const page = (part: Screen["part"], path: string, title: string, rights: string[], load: Loaded): Screen => ({ ...place(part, path, title, rights, load), isPlace: false });
