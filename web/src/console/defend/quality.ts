// How well mail is judged, as the server counts it.

export interface QualityDay {
  judged: number;
  stopped: number;
  rightly_stopped: number;
  wrongly_stopped: number;
  missed: number;
  rightly_let: number;
}

export interface Quality extends QualityDay {
  undecided: number;
  /** Of what was stopped and spoken of, the part that is junk indeed; nothing where nobody has spoken. */
  precision: number | null;
  /** Of the junk that was spoken of, the part that was stopped. */
  recall: number | null;
  kept_days: number;
  days: (QualityDay & { day: string })[];
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
