// A list of messages as the server orders it: known in parts, changed here at once and put right by what the server says.

import type { Comparator, Filter, Id, QueryChangesAnswer, State } from "../jmap/types";

export interface ListQuery {
  filter: Filter;
  sort: Comparator[];
  collapseThreads: boolean;
}

export const NEWEST_FIRST: Comparator[] = [{ property: "receivedAt", isAscending: false }];

export class MessageList {
  /** Each place holds an id or, where it is not known yet, nothing. Absent until first answered. */
  ids: (Id | undefined)[] | undefined;
  state: State | undefined;
  canCalculateChanges = false;
  /** Pages that are under way or there. */
  readonly pages = new Set<number>();
  error: Error | undefined;

  constructor(readonly query: ListQuery) {}

  get length(): number {
    return this.ids?.length ?? 0;
  }

  /** Takes a part of the server's list. If it does not fit the rest, the rest is not known any more. */
  take(position: number, ids: Id[], total: number, state: State, canCalculateChanges: boolean): void {
    if (this.state !== state || this.ids?.length !== total) {
      this.ids = Array.from({ length: total }, () => undefined);
      this.pages.clear();
    }
    this.state = state;
    this.canCalculateChanges = canCalculateChanges;
    ids.forEach((id, index) => {
      if (this.ids && position + index < this.ids.length) this.ids[position + index] = id;
    });
  }

  /** The ids from the start on that are known without a gap. */
  known(): Id[] {
    const known: Id[] = [];
    for (const id of this.ids ?? []) {
      if (id === undefined) break;
      known.push(id);
    }
    return known;
  }

  /**
   * Applies what has changed since [state] (RFC 8620 section 5.6) to the ids that are known without a gap, up to which the changes were
   * asked for. What is behind them has moved by an unknown distance and is asked for again when it is looked at.
   */
  apply(changes: QueryChangesAnswer, pageSize: number): void {
    const gone = new Set(changes.removed);
    const known = this.known().filter((id) => !gone.has(id));
    for (const { id, index } of [...changes.added].sort((one, other) => one.index - other.index)) {
      if (index <= known.length) known.splice(index, 0, id);
    }
    const total = changes.total ?? known.length;
    this.ids = Array.from({ length: total }, (_, index) => known[index]);
    this.state = changes.newQueryState;
    this.pages.clear();
    for (let page = 0; page * pageSize < total; page += 1) {
      if (Math.min((page + 1) * pageSize, total) <= known.length) this.pages.add(page);
    }
    if (total === 0) this.pages.add(0);
  }

  /** Takes ids out before the server has said so. */
  drop(ids: ReadonlySet<Id>): void {
    if (this.ids?.some((id) => id !== undefined && ids.has(id))) {
      this.ids = this.ids.filter((id) => id === undefined || !ids.has(id));
    }
  }

  /** Everything is asked for again. What is shown stays until the answer is there. */
  renew(): void {
    this.pages.clear();
    this.state = undefined;
  }
}
