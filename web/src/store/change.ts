// Changes of messages: what is to be different afterwards, shown at once and sent as a patch (RFC 8620 section 5.3).

import type { Id, Summary } from "../jmap/types";

export interface Change {
  /** Keywords that are to be there (true) or not (false). */
  keywords?: Record<string, boolean>;
  /** Mailboxes that it is to be in (true) or not (false). */
  mailboxes?: Record<Id, boolean>;
}

function merge(set: Record<string, true>, change: Record<string, boolean> | undefined): Record<string, true> {
  if (!change) return set;
  const merged = { ...set };
  for (const [name, there] of Object.entries(change)) {
    if (there) merged[name] = true;
    else delete merged[name];
  }
  return merged;
}

/** The message as it is after the change. */
export function changed<T extends Pick<Summary, "keywords" | "mailboxIds">>(message: T, change: Change): T {
  return {
    ...message,
    keywords: merge(message.keywords, change.keywords),
    mailboxIds: merge(message.mailboxIds, change.mailboxes),
  };
}

/** A name within a path of a patch (RFC 6901 section 3). */
function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The change as a patch. */
export function patchOf(change: Change): Record<string, true | null> {
  const patch: Record<string, true | null> = {};
  for (const [name, there] of Object.entries(change.keywords ?? {})) patch[`keywords/${escaped(name)}`] = there || null;
  for (const [id, there] of Object.entries(change.mailboxes ?? {})) patch[`mailboxIds/${escaped(id)}`] = there || null;
  return patch;
}

/** What undoes `change` on this message: only what it really changes. */
export function inverse(message: Pick<Summary, "keywords" | "mailboxIds">, change: Change): Change {
  const undo = (set: Record<string, true>, wanted: Record<string, boolean> | undefined) => {
    const entries = Object.entries(wanted ?? {}).filter(([name, there]) => (set[name] ?? false) !== there);
    return Object.fromEntries(entries.map(([name, there]) => [name, !there]));
  };
  return { keywords: undo(message.keywords, change.keywords), mailboxes: undo(message.mailboxIds, change.mailboxes) };
}
