// Mail in which something was found, as the server lists it.

import { type Load, pages } from "../kit/remote";
import { isWithin, spanOf } from "../kit/span";

export interface Threat {
  id: string;
  time: string;
  direction: "in" | "out";
  from: string;
  subject: string;
  done: string;
  unwanted: number;
  why: string[];
  waiting: number;
  copies: number;
}

/** Tabs of everything about threats. */
export const TABS: [string, string][] = [["/threats", "threats.messages"], ["/threats/campaigns", "campaigns.title"], ["/threats/pulled", "pulled.title"]];

/** Spans of days that can be chosen. */
export const DAYS: [string, string][] = [["1", "defend.days-1"], ["7", "defend.days-7"], ["14", "defend.days-14"], ["30", "defend.days-30"]];

/** How far everything of a campaign is looked back. */
const CAMPAIGN_DAYS = 30;

/** Days that are shown at first. */
export const USUAL_DAYS = "7";

/** Mail in which something was found. The server looks back so many days; what is later than days of one's own is left out here. */
export const threats = (language: string): Load<Threat> => async (asked) => {
  const { done = "", ...time } = asked.filters;
  const span = spanOf(time, USUAL_DAYS, new Date());
  const load = pages<Threat>("threat-list", () => ({ days: span.back, done: done === "" ? null : done, alike: null, language, organisation: null }));
  const { items, next } = await load(asked);
  return { items: items.filter((it) => isWithin(span, it.time)), next };
};

/** Mail that is like one message. */
export const alikeTo = (id: string, language: string): Load<Threat> => pages<Threat>("threat-list", ({ done = "" }) => ({ days: CAMPAIGN_DAYS, done: done === "" ? null : done, alike: id, language, organisation: null }));
