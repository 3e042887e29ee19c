// Rules of the journal of mail.

export interface JournalRule {
  name: string;
  days: number;
  reason: string;
  account: string | null;
  group: string | null;
  with: string | null;
  direction: string | null;
  by_law: boolean;
  report_to: string | null;
  begun: string;
  by: string;
  ended: string | null;
  ended_by: string;
  ended_reason: string;
}

export const DIRECTIONS = ["in", "out", "within"];

/** Names of a rule's conditions in the catalogue, with what each says. */
export function conditionsOf({ account, group, with: someone, direction }: JournalRule): [string, string][] {
  const all: [string, string | null][] = [["account", account], ["group", group], ["with", someone], ["direction", direction]];
  return all.filter((it): it is [string, string] => it[1] !== null);
}

/** Whether a rule is meant by what stands in the filters of the list. */
export function isWanted(rule: JournalRule, { state = "", search = "" }: { state?: string; search?: string }): boolean {
  const text = `${rule.name} ${rule.reason} ${conditionsOf(rule).map(([, what]) => what).join(" ")} ${rule.report_to ?? ""} ${rule.by}`.toLowerCase();
  return (state === "" || (state === "on") === (rule.ended === null)) && search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
