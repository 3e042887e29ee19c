// Something that was recorded, as the list of records has it.

export interface Event {
  id: string | null;
  at: string;
  who: string;
  via: string;
  from: string | null;
  action: string;
  en: string | null;
  zh: string | null;
  on: string;
  outcome: (typeof OUTCOMES)[number];
  because: string;
}

export const OUTCOMES = ["done", "allowed", "refused", "failed", "step-up", "waiting", "approved", "rejected"] as const;
export const OUTCOME_TONES = { done: "ok", allowed: "quiet", refused: "warning", failed: "danger", "step-up": "quiet", waiting: "warning", approved: "ok", rejected: "quiet" } as const;

/** What is recorded that nobody asks for by an action. */
const OWN = ["crossing", "mailbox-open", "outbound", "outbound-decision", "settings-change", "sign-in", "more", "retention-run", "investigation-archive", "factor-add", "password-change", "data-export", "portal-chunk"];

/** What was done, in words; what this page has no words for, by its name and object. */
export function eventSays({ action, en, zh, on }: Pick<Event, "action" | "en" | "zh" | "on">, language: "zh" | "en", t: (key: string) => string): string {
  const said = language === "zh" ? zh : en;
  if (said) return said;
  const object = on === "" || on === "{}" ? "" : ` (${on})`;
  return OWN.includes(action) ? `${t(`audit.act-${action}`)}${object}` : `${action}${object}`;
}
