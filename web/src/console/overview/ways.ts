// Where somebody goes to see the rows behind a number, or to mend what a check found: the console's places by the actions that they work with.

const WAYS: Record<string, string> = {
  "access-approval": "/access",
  "access-log": "/audit",
  "access-report": "/access",
  "access-review": "/access",
  "approval-list": "/approvals",
  "audit-head": "/audit",
  "audit-prove": "/audit",
  "backup-erasures": "/backups",
  "backup-needs": "/backups",
  "backup-rehearse": "/backups",
  "backup-run": "/backups",
  "backup-status": "/backups",
  "crossing-rule-list": "/regions",
  "dkim-list": "/domains",
  "dkim-rotate": "/domains",
  "evidence-look": "/domains",
  "factor-missing": "/people",
  "grant-list": "/grants",
  "guard-cases": "/cases",
  "hold-list": "/holds",
  "judged-list": "/trace",
  "judging-policy": "/judging",
  "outbound-rules": "/outbound",
  "outbound-waiting": "/approvals",
  "protection-list": "/protection",
  "quarantine-list": "/quarantine",
  "queue-list": "/queue",
  "region-list": "/regions",
  "retention-rule-list": "/retention",
  "sign-in-list": "/sign-ins",
  "store-scrub": "/store",
  "subject-list": "/subjects",
  "transfer-list": "/transfers",
  "user-list": "/people",
  "user-role": "/people",
  "user-state": "/people",
};

export interface Mend {
  kind: string;
  name: string;
}

/** The place for a list or a way to mend, if the console has it: `places` are those that whoever looks may go to. */
export function wayTo({ kind, name }: Mend, places: string[]): string | undefined {
  const way = kind === "action" ? WAYS[name] : kind === "settings" ? `/settings?search=${encodeURIComponent(name)}` : undefined;
  return way !== undefined && places.includes(way.replace(/\?.*/, "")) ? way : undefined;
}
