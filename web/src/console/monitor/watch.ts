// Sign-ins as the watch has them.

import type { SignInEvent } from "../../account/api";
import { type Load, pages } from "../kit/remote";
import { between, spanOf } from "../kit/span";

/** A sign-in of anybody in the company; of nobody where the name is nobody's. */
export interface SignIn extends SignInEvent {
  account: string | null;
}

/** What can come of an attempt. */
export const OUTCOMES = ["accepted", "factor-needed", "wrong", "refused", "frozen", "disabled", "throttled"] as const;

/** Whether the watch found it odd. */
export const isOdd = ({ answer }: SignIn): boolean => answer !== null && answer !== "pass";

/** Whether its owner has not said yet whose it was. */
export const isUnanswered = (event: SignIn): boolean => isOdd(event) && event.said === "" && event.account !== null;

/** Days that are shown at first. */
export const USUAL_DAYS = "7";

/** What the server is asked for. Whose word is still out, is odd. */
const wanted = ({ person, outcome, country, odd, said, ...time }: Record<string, string>) => ({
  address: person ?? null,
  organisation: null,
  odd: odd !== undefined || said === "open",
  outcome: outcome ?? null,
  said: said === "open" ? "nothing" : (said ?? null),
  country: country ?? null,
  ...between(spanOf(time, USUAL_DAYS, new Date())),
});

export const signIns: Load<SignIn> = pages<SignIn>("sign-in-page", wanted);

/** Countries that sign-ins came from, the most frequent first. */
export function countriesOf(events: SignIn[]): string[] {
  const counted = new Map<string, number>();
  for (const { country } of events) if (country) counted.set(country, (counted.get(country) ?? 0) + 1);
  return [...counted].sort(([, one], [, other]) => other - one).map(([code]) => code);
}

/** Months and quarters before today, the latest first; this one, which is not over, at the end of none. */
export function periods(kind: "sign-ins" | "access", now: Date, count: number): string[] {
  const step = kind === "sign-ins" ? 1 : 3;
  const from = Math.floor(now.getMonth() / step) * step;
  return Array.from({ length: count }, (_, index) => {
    const first = new Date(now.getFullYear(), from - index * step, 1);
    const [year, month] = [first.getFullYear(), first.getMonth()];
    return kind === "sign-ins" ? `${year}-${String(month + 1).padStart(2, "0")}` : `${year}-Q${Math.floor(month / 3) + 1}`;
  });
}
