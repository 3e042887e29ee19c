// Rules on how long mail stays.

import type { Values } from "../kit/values";

export interface RetentionRule {
  name: string;
  days: number;
  folder: string | null;
  label: string | null;
  from: string | null;
  larger_mib: number | null;
  group: string | null;
  flagged_too: boolean;
  off: boolean;
  by: string;
  last_run: string | null;
}

export interface Preview {
  messages: number;
  bytes: number;
  accounts: number;
  held: number;
  samples: { address: string | null; since: string; size: number }[];
}

/** A rule as it stands in the fields of its form. */
export function typedRule({ name, days, folder, label, from, larger_mib: larger, group, flagged_too: flagged, off }: RetentionRule): Values {
  return { name, days: String(days), folder: folder ?? "", label: label ?? "", from: from ?? "", larger_mib: larger === null ? "" : String(larger), group: group ?? "", flagged_too: flagged, off };
}

/** Names of a rule's conditions in the catalogue, with what each says. */
export function conditionsOf({ folder, label, from, larger_mib: larger, group }: RetentionRule): [string, string][] {
  const all: [string, string | null][] = [["folder", folder], ["label", label], ["from", from], ["larger_mib", larger === null ? null : `${larger} MiB`], ["group", group]];
  return all.filter((it): it is [string, string] => it[1] !== null);
}
