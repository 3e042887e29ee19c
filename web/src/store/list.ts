// A list of messages as the server orders it: known in parts, changed here at once and put right by what the server says.

import type { Comparator, Filter, Id, QueryChangesAnswer, State } from "../jmap/types";

export interface ListQuery {
  filter: Filter;
  sort: Comparator[];
  collapseThreads: boolean;
}

export const NEWEST_FIRST: Comparator[] = [{ property: "receivedAt", isAscending: false }];

export class MessageList {
  /** The server's list: each place holds an id or, where it is not known yet, nothing. Absent until first answered. */
  private server: (Id | undefined)[] | undefined;
  /** What is taken out here before the server's list says so: on its way to the server (`sent`), or agreed to by it (`done`). */
  private readonly taken = new Map<Id, "sent" | "done">();
  private visible: (Id | undefined)[] | undefined;
  state: State | undefined;
  canCalculateChanges = false;
  /** Pages of the server's list that are under way or there. */
  readonly pages = new Set<number>();
  error: Error | undefined;

  constructor(readonly query: ListQuery) {}

  /** The list as it is shown. */
  get ids(): (Id | undefined)[] | undefined {
    if (!this.server || this.taken.size === 0) return this.server;
    this.visible ??= this.server.filter((id) => id === undefined || !this.taken.has(id));
    return this.visible;
  }

  get length(): number {
    return this.ids?.length ?? 0;
  }

  /** By how many places what is shown may stand before its place on the server. */
  get shift(): number {
    return this.taken.size;
  }

  private set(server: (Id | undefined)[] | undefined): void {
    this.server = server;
    this.visible = undefined;
  }

  /** Takes a part of the server's list. If it does not fit the rest, the rest is not known any more. */
  take(position: number, ids: Id[], total: number, state: State, canCalculateChanges: boolean): void {
    let server = this.server ?? [];
    if (this.state !== state || server.length !== total || !this.server) {
      server = Array.from({ length: total }, () => undefined);
      this.pages.clear();
    }
    this.state = state;
    this.canCalculateChanges = canCalculateChanges;
    ids.forEach((id, index) => {
      if (position + index < total) server[position + index] = id;
    });
    this.set(server);
  }

  /** The ids of the server's list from its start on that are known without a gap. */
  known(): Id[] {
    const known: Id[] = [];
    for (const id of this.server ?? []) {
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
    this.set(Array.from({ length: total }, (_, index) => known[index]));
    this.state = changes.newQueryState;
    this.pages.clear();
    for (let page = 0; page * pageSize < total; page += 1) {
      if (Math.min((page + 1) * pageSize, total) <= known.length) this.pages.add(page);
    }
    if (total === 0) this.pages.add(0);
  }

  /** Takes ids out before the server has said so. */
  takeOut(ids: Iterable<Id>, how: "sent" | "done"): void {
    for (const id of ids) this.taken.set(id, how);
    this.visible = undefined;
  }

  /** Puts ids back: the server refused, or its own list says now where they are. */
  putBack(ids: Iterable<Id>): void {
    for (const id of ids) this.taken.delete(id);
    this.visible = undefined;
  }

  /** Ids that the server has agreed to take out: its list from now on knows of it. */
  agreed(): Id[] {
    return [...this.taken].filter(([, how]) => how === "done").map(([id]) => id);
  }

  /** Everything is asked for again. What is shown stays until the answer is there. */
  renew(): void {
    this.pages.clear();
    this.state = undefined;
  }

  /** Nothing is known any more. */
  forget(): void {
    this.set(undefined);
    this.taken.clear();
    this.renew();
  }
}
