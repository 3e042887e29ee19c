// How labels look: a dot in the label's colour, with its name beside it where there is room.

import { useTranslation } from "react-i18next";
import type { Label } from "../jmap/types";
import { useStore } from "../store/context";
import { inOrder } from "./label";

export function Dot({ color }: { color: string }) {
  return <span aria-hidden="true" className="size-2.5 shrink-0 rounded-full" style={{ background: `var(--label-${color}, var(--quiet))` }} />;
}

/** The labels among keywords. */
export function useLabels(keywords: Record<string, true>): Label[] {
  const { i18n } = useTranslation();
  const { labels } = useStore();
  return inOrder(labels.filter(({ keyword }) => keywords[keyword]), i18n.language);
}

/** Some labels with their names; how many more there are is told. */
export function Labels({ labels, most }: { labels: Label[]; most: number }) {
  const { t } = useTranslation();
  if (labels.length === 0) return null;
  return (
    <span className="flex min-w-0 shrink-0 items-center gap-1">
      <span className="sr-only">{t("label.labels")}</span>
      {labels.slice(0, most).map(({ id, name, color }) => (
        <span key={id} className="flex max-w-28 min-w-0 items-center gap-1 rounded-md border border-line px-1 leading-4 text-quiet">
          <Dot color={color} />
          <bdi className="truncate">{name}</bdi>
        </span>
      ))}
      {labels.length > most && <span className="text-quiet">+{labels.length - most}</span>}
    </span>
  );
}

/** Where there is room for dots alone. */
export function Dots({ labels }: { labels: Label[] }) {
  if (labels.length === 0) return null;
  return (
    <span className="flex shrink-0 gap-0.5" title={labels.map(({ name }) => name).join(", ")}>
      {labels.map(({ id, color }) => <Dot key={id} color={color} />)}
      <span className="sr-only">{labels.map(({ name }) => name).join(", ")}</span>
    </span>
  );
}
