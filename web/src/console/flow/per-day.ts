// Numbers of single things as numbers of days.

const DAY_MS = 86_400_000;

/** For each of the last days, today last: its name in the reader's manner, and sums of what `numbers` gives of the things of that day. */
export function perDay<T>(things: T[], days: number, now: Date, language: string, moment: (thing: T) => string, numbers: (thing: T) => number[]): { labels: string[]; sums: number[][] } {
  const named = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const dayOf = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate());
  const today = dayOf(now);
  const starts = Array.from({ length: days }, (_, index) => new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - index)));
  const sums: number[][] = [];
  for (const thing of things) {
    // Days of a change of the clock are an hour shorter or longer.
    const back = Math.round((today.getTime() - dayOf(new Date(moment(thing))).getTime()) / DAY_MS);
    const index = days - 1 - back;
    if (index < 0 || index >= days) continue;
    numbers(thing).forEach((value, series) => {
      const row = (sums[series] ??= starts.map(() => 0));
      row[index] = (row[index] ?? 0) + value;
    });
  }
  return { labels: starts.map((start) => named.format(start)), sums };
}
