// Rules that sort mail as the server takes and gives them (docs/jmap.md, "rules"), and as they stand in a form.

import type { Id } from "../jmap/types";

export interface Condition {
  field: string;
  op: string;
  values?: string[];
  header?: string;
  size?: number;
}

export interface Action {
  action: string;
  mailboxId?: Id;
  keyword?: string;
  address?: string;
  keepCopy?: boolean;
}

export interface Rule {
  name: string;
  isEnabled: boolean;
  match: "all" | "any";
  conditions: Condition[];
  actions: Action[];
  stop: boolean;
}

const TEXTS = ["contains", "notContains", "is", "isNot", "beginsWith", "endsWith"];

/** What can be asked of each field. */
export const FIELDS: Record<string, string[]> = {
  from: ["contains", "notContains", "is", "isNot", "domainIs", "beginsWith", "endsWith"],
  to: ["contains", "notContains", "is", "isNot", "domainIs", "beginsWith", "endsWith"],
  subject: TEXTS,
  body: ["contains", "notContains"],
  list: TEXTS,
  header: TEXTS,
  size: ["over", "under"],
  attachment: ["has", "hasNot"],
};

export const ACTIONS = ["move", "copy", "archive", "junk", "trash", "markRead", "flag", "forward"];

/** Bytes in the unit in which sizes are typed. */
const MEGABYTE = 1_000_000;

/** A condition as it is typed. */
export interface Typed {
  field: string;
  op: string;
  header: string;
  /** Values, one in each line; of a size, megabytes. */
  text: string;
}

export const typedOf = ({ field, op, values, header, size }: Condition): Typed => ({
  field, op, header: header ?? "", text: size === undefined ? (values ?? []).join("\n") : String(size / MEGABYTE),
});

/** What is wrong with what was typed, as the key of its text. */
export type Wrong = "rules.no-name" | "rules.no-values" | "rules.bad-size" | "rules.no-header" | "rules.no-actions" | "rules.no-mailbox" | "rules.no-address" | "rules.no-label";

/** The condition that was typed, or what is wrong with it. */
export function conditionOf({ field, op, header, text }: Typed): Condition | Wrong {
  if (field === "attachment") return { field, op };
  if (field === "size") {
    const size = Math.round(Number(text.trim().replace(",", ".")) * MEGABYTE);
    return size > 0 ? { field, op, size } : "rules.bad-size";
  }
  const values = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (values.length === 0) return "rules.no-values";
  if (field !== "header") return { field, op, values };
  return header.trim() === "" ? "rules.no-header" : { field, op, header: header.trim(), values };
}

/** What is wrong with an action. */
export function wrongAction({ action, mailboxId, address, keyword }: Action): Wrong | undefined {
  if ((action === "move" || action === "copy") && !mailboxId) return "rules.no-mailbox";
  if (action === "label" && !keyword) return "rules.no-label";
  return action === "forward" && !address?.includes("@") ? "rules.no-address" : undefined;
}

/** A list with one of its entries a place further up or down. */
export function moved<T>(all: T[], from: number, by: number): T[] {
  const to = from + by;
  if (to < 0 || to >= all.length) return all;
  const next = [...all];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(to, 0, one);
  return next;
}
