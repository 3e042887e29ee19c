// A span of time as it stands in the address of the page, and things counted over it.

/** Spans by their days; the first is a day by the hour. */
const PRESETS = ["1", "7", "30", "90"];
/** Stands for days of one's own. */
export const OWN = "own";

/** Days that a chart has bars for, at most. */
const DAYS_MAX = 400;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOURS = 24;

export interface Span {
  /** When it begins. */
  since: Date;
  /** The moment after its end; nothing where it goes on. */
  until: Date | undefined;
  /** Bars of a chart: the first begins with the span. */
  bars: number;
  unit: "hour" | "day";
  /** Days that the server looks back to see all of it. */
  back: number;
}

const dayOf = (at: Date, later = 0) => new Date(at.getFullYear(), at.getMonth(), at.getDate() + later);

function dayNamed(text: string | undefined): Date | undefined {
  const [year = 0, month = 0, date = 0] = (text ?? "").split("-").map(Number);
  const at = new Date(year, month - 1, date);
  return year > 0 && !Number.isNaN(at.getTime()) ? at : undefined;
}

/** Days of a change of the clock are an hour shorter or longer. */
const daysBetween = (from: Date, to: Date) => Math.round((to.getTime() - from.getTime()) / DAY_MS);

/** The span that the filters name. Days are those of whoever looks; the last of one's own belongs to it. */
export function spanOf({ days, since, until }: Record<string, string>, usual: string, now: Date): Span {
  const today = dayOf(now);
  if (days === OWN) {
    const last = dayNamed(until) ?? today;
    const asked = dayNamed(since) ?? dayOf(last, -6);
    const first = asked > last ? last : daysBetween(asked, last) >= DAYS_MAX ? dayOf(last, 1 - DAYS_MAX) : asked;
    return { since: first, until: dayOf(last, 1), bars: daysBetween(first, last) + 1, unit: "day", back: Math.max(daysBetween(first, today) + 1, 1) };
  }
  const count = Number(days !== undefined && PRESETS.includes(days) ? days : usual);
  if (count === 1) {
    const hour = new Date(now.getFullYear(), now.getMonth(), now.getDate(), now.getHours() + 1 - HOURS);
    return { since: hour, until: undefined, bars: HOURS, unit: "hour", back: 1 };
  }
  return { since: dayOf(today, 1 - count), until: undefined, bars: count, unit: "day", back: count };
}

/** A moment as the server reads one. */
export const momentOf = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`;

/** The span as the server reads it. */
export const between = ({ since, until }: Span): { since: string; until: string | null } => ({ since: momentOf(since), until: until ? momentOf(until) : null });

/** Whether something happened within it. */
export const isWithin = ({ since, until }: Span, at: string): boolean => {
  const moment = new Date(at);
  return moment >= since && (until === undefined || moment < until);
};

/** For each bar its name in the reader's manner, and sums of what `numbers` gives of the things of that time. */
export function counted<T>(things: T[], span: Span, language: string, moment: (thing: T) => string, numbers: (thing: T) => number[]): { labels: string[]; sums: number[][] } {
  const named = new Intl.DateTimeFormat(language, span.unit === "hour" ? { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short", year: "numeric" });
  const start = (index: number) => (span.unit === "hour" ? new Date(span.since.getTime() + index * HOUR_MS) : dayOf(span.since, index));
  const starts = Array.from({ length: span.bars }, (_, index) => start(index));
  const sums: number[][] = [];
  for (const thing of things) {
    const at = new Date(moment(thing));
    const index = span.unit === "hour" ? Math.floor((at.getTime() - span.since.getTime()) / HOUR_MS) : daysBetween(span.since, dayOf(at));
    if (index < 0 || index >= span.bars) continue;
    numbers(thing).forEach((value, series) => {
      const row = (sums[series] ??= starts.map(() => 0));
      row[index] = (row[index] ?? 0) + value;
    });
  }
  return { labels: starts.map((it) => named.format(it)), sums };
}
