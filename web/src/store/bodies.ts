// The messages that were read: the latest stay, up to a number and a length; the conversation that is looked at stays whole.

import type { Id, Message } from "../jmap/types";

/** Messages that are kept. */
export const BODIES_MAX = 60;
/** Letters of their texts that are kept. */
const LETTERS_MAX = 8_000_000;

function letters({ bodyValues }: Message): number {
  return Object.values(bodyValues).reduce((sum, { value }) => sum + value.length, 0);
}

export class Bodies extends Map<Id, Message> {
  private pinned: ReadonlySet<Id> = new Set();

  /** Tells `forgotten` of each message that is dropped. */
  constructor(private readonly forgotten: (id: Id) => void) {
    super();
  }

  /** These stay, and no longer those before. */
  pin(ids: Iterable<Id>): void {
    this.pinned = new Set(ids);
  }

  /** Puts messages last among those that are dropped, and drops what is too much. */
  touch(ids: Iterable<Id>): void {
    for (const id of ids) {
      const body = this.get(id);
      if (!body) continue;
      this.delete(id);
      this.set(id, body);
    }
    let length = [...this.values()].reduce((sum, body) => sum + letters(body), 0);
    for (const [id, body] of this) {
      if (this.size <= BODIES_MAX && length <= LETTERS_MAX) return;
      if (this.pinned.has(id)) continue;
      this.delete(id);
      length -= letters(body);
      this.forgotten(id);
    }
  }
}
