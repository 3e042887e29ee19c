// Where somebody goes to see the rows behind a number, or to mend what a check found: the console's places by the actions that they work with.

/** Pages, and the actions whose rows they show or that are carried out there. */
const PAGES: [string, string[]][] = [
  ["/access", ["access-review", "access-sign-off", "access-sign-offs"]],
  ["/access/explain", ["access-explain"]],
  ["/access/table", ["access-approval", "access-table"]],
  ["/approvals", ["approval-decide", "approval-list", "outbound-waiting"]],
  ["/audit", ["access-log", "audit-head", "audit-page", "audit-prove"]],
  ["/backups", ["backup-check", "backup-erasures", "backup-list", "backup-needs", "backup-rehearse", "backup-run", "backup-status"]],
  ["/blocklists", ["blocklist-list", "blocklist-look"]],
  ["/cases", ["guard-case-page", "guard-cases"]],
  ["/connectors", ["connector-list", "connector-set"]],
  ["/domains", ["dkim-add", "dkim-list", "dkim-rotate", "domain-add", "domain-list"]],
  ["/evidence", ["evidence-list", "evidence-look", "evidence-report"]],
  ["/factors", ["factor-missing"]],
  ["/feeds", ["feeds-accept", "feeds-list", "feeds-refresh", "feeds-share"]],
  ["/grants", ["grant-ask", "grant-list", "grant-own"]],
  ["/groups", ["group-list"]],
  ["/holds", ["hold-begin", "hold-list"]],
  ["/investigations", ["investigation-list", "investigation-open"]],
  ["/journal", ["journal-rule-list", "journal-rule-set"]],
  ["/judging", ["judging-policy", "judging-policy-set"]],
  ["/judging/quality", ["judging-quality"]],
  ["/level", ["level-diff", "organisation-level"]],
  ["/lists", ["list-add", "list-show"]],
  ["/outbound", ["outbound-marks", "outbound-rule-set", "outbound-rules"]],
  ["/overview-reports", ["overview-report-list", "overview-report-set"]],
  ["/partners", ["guard-learn", "guard-learning", "guard-partners"]],
  ["/partners/alikes", ["guard-alike-page", "guard-alikes"]],
  ["/people", ["factor-list", "forward-list", "user-list", "user-page", "user-role", "user-state"]],
  ["/protection", ["openpgp-list", "protection-list", "protection-set"]],
  ["/provisioning", ["provision-sync", "provision-token-list", "service-add", "shared-add"]],
  ["/quarantine", ["quarantine-list", "quarantine-page"]],
  ["/queue", ["queue-list", "queue-page"]],
  ["/regions", ["crossing-rule-list", "crossing-rule-set", "region-home-list", "region-list", "region-place-list"]],
  ["/removed", ["mail-recover", "mail-removed"]],
  ["/reported", ["report-list"]],
  ["/reported/complaints", ["complaint-list", "complaint-page"]],
  ["/reports", ["report-dmarc", "report-failures", "report-tls"]],
  ["/retention", ["retention-rule-list", "retention-rule-set", "retention-window", "retention-window-set"]],
  ["/roles", ["role-list"]],
  ["/senders", ["reputation-show"]],
  ["/settings", ["config-export", "config-import", "setting-list", "setting-set"]],
  ["/sign-ins", ["sign-in-list", "sign-in-page"]],
  ["/sign-ins/frozen", ["user-unfreeze"]],
  ["/sign-ins/reviews", ["access-report", "sign-in-review"]],
  ["/space", ["space-list"]],
  ["/store", ["store-check", "store-collect", "store-scrub"]],
  ["/subjects", ["subject-list", "subject-open"]],
  ["/table", ["directory-import"]],
  ["/threats", ["threat-list"]],
  ["/threats/campaigns", ["campaign-list", "campaign-page"]],
  ["/threats/pulled", ["pulled-list", "pulled-page"]],
  ["/trace", ["judged-list", "trace-list"]],
  ["/transfers", ["transfer-list", "transfer-page"]],
];

const WAYS = new Map(PAGES.flatMap(([to, actions]) => actions.map((action): [string, string] => [action, to])));

/** Days that the larger one of two numbers counts. */
const WEEK_DAYS = 7;

/** Numbers whose rows are a part of a list, with the filters that leave the others out. */
const NUMBERS: Record<string, string> = {
  received: "/trace?direction=in",
  sent: "/trace?direction=out",
  warned: "/trace?direction=in&verdict=warn",
  junked: "/trace?direction=in&verdict=junk",
  quarantined: "/trace?direction=in&verdict=quarantine",
  refused: "/trace?direction=in&verdict=refuse",
  held: "/trace?verdict=hold",
  "sign-ins-odd": "/sign-ins?odd=yes",
  certificates: "/settings?section=acme",
  storage: "/space",
};

export interface Mend {
  kind: string;
  name: string;
}

/** A way's page, without the filters. */
export const pageOf = (way: string): string => way.replace(/\?.*/, "");

/** Every page that a way leads to. */
export const WAYS_TO: string[] = [...PAGES.map(([to]) => to), ...Object.values(NUMBERS).map(pageOf)];

/** The way, if whoever looks may go there: `places` are those that he may go to, with the pages below them. */
function open(way: string | undefined, places: string[]): string | undefined {
  if (way === undefined) return undefined;
  const page = pageOf(way);
  return places.some((place) => place !== "/" && (page === place || page.startsWith(`${place}/`))) ? way : undefined;
}

/** The place for a list or a way to mend, if the console has it: its path, with the filters that it opens with. */
export function wayTo({ kind, name }: Mend, places: string[]): string | undefined {
  return open(kind === "settings" ? `/settings?section=${encodeURIComponent(name)}` : kind === "action" ? WAYS.get(name) : undefined, places);
}

/** The place for the rows of a number that the list gives: those of the week, where it counts one. */
export function wayToNumber({ number, list }: { number: string; list: string }, places: string[], now: Date): string | undefined {
  const part = open(NUMBERS[number], places);
  if (part === undefined) return wayTo({ kind: "action", name: list }, places);
  if (pageOf(part) !== "/trace") return part;
  const from = new Date(now.getFullYear(), now.getMonth(), now.getDate() - WEEK_DAYS);
  return `${part}&since=${[from.getFullYear(), from.getMonth() + 1, from.getDate()].map((it) => String(it).padStart(2, "0")).join("-")}`;
}
