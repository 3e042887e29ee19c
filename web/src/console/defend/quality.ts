// How well mail is judged, as the server counts it.

import type { Span } from "../kit/span";

export interface QualityDay {
  judged: number;
  stopped: number;
  rightly_stopped: number;
  wrongly_stopped: number;
  missed: number;
  rightly_let: number;
}

export interface CountedDay extends QualityDay {
  day: string;
}

export interface Quality extends QualityDay {
  undecided: number;
  /** Of what was stopped and spoken of, the part that is junk indeed; nothing where nobody has spoken. */
  precision: number | null;
  /** Of the junk that was spoken of, the part that was stopped. */
  recall: number | null;
  kept_days: number;
  /** Days on which there was anything. */
  days: CountedDay[];
}

/** Messages from which on a share says something. */
export const TELLING_MIN = 20;

/** Whether so few people have spoken that shares are chance. */
export function isThin({ rightly_stopped, wrongly_stopped, missed }: QualityDay): boolean {
  return rightly_stopped + wrongly_stopped + missed < TELLING_MIN;
}

/** The share of what was wrongly stopped or missed in the newer half of the days less that in the older: above 0 it grows worse. */
export function drift(days: QualityDay[]): number | undefined {
  const share = (of: QualityDay[]) => {
    const wrong = of.reduce((sum, day) => sum + day.wrongly_stopped + day.missed, 0);
    const all = of.reduce((sum, day) => sum + day.wrongly_stopped + day.missed + day.rightly_stopped, 0);
    return all < TELLING_MIN / 2 ? undefined : wrong / all;
  };
  const half = Math.floor(days.length / 2);
  const [older, newer] = [share(days.slice(0, half)), share(days.slice(half))];
  return older === undefined || newer === undefined ? undefined : newer - older;
}

const NOTHING: QualityDay = { judged: 0, stopped: 0, rightly_stopped: 0, wrongly_stopped: 0, missed: 0, rightly_let: 0 };
const nameOf = (at: Date) => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;

/** Every day of the span, those without anything too; nothing if none of them has anything. The server counts by whole days. */
export function inSpan(days: CountedDay[], { since, until, bars, unit }: Span): CountedDay[] {
  const known = new Map(days.map((day) => [day.day.slice(0, 10), day]));
  const count = unit === "day" ? bars : 2;
  const names = Array.from({ length: count }, (_, index) => nameOf(new Date(since.getFullYear(), since.getMonth(), since.getDate() + index)));
  const wanted = names.filter((name) => until === undefined || name < nameOf(until));
  return wanted.some((name) => known.has(name)) ? wanted.map((name) => known.get(name) ?? { ...NOTHING, day: name }) : [];
}

/** What the days come to. */
export function sumOf(days: QualityDay[]): QualityDay & { precision: number | null; recall: number | null } {
  const sum = { ...NOTHING };
  for (const day of days) for (const name of Object.keys(sum) as (keyof QualityDay)[]) sum[name] += day[name];
  const share = (part: number, other: number) => (part + other === 0 ? null : part / (part + other));
  return { ...sum, precision: share(sum.rightly_stopped, sum.wrongly_stopped), recall: share(sum.rightly_stopped, sum.missed) };
}
