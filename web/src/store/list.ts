// A list of messages as the server orders it: known in parts, changed here at once and put right by what the server says.

import type { Comparator, Filter, Id, QueryChangesAnswer, State } from "../jmap/types";

export interface ListQuery {
  filter: Filter;
  sort: Comparator[];
  collapseThreads: boolean;
}

export const NEWEST_FIRST: Comparator[] = [{ property: "receivedAt", isAscending: false }];

/** What was added, the foremost first: each place counts those before it. */
function inOrder(added: QueryChangesAnswer["added"]): QueryChangesAnswer["added"] {
  return [...added].sort((one, other) => one.index - other.index);
}

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
   * Applies what has changed since [state] (RFC 8620 section 5.6). Where something that went stood in a gap, nobody can tell how far what
   * stands behind has moved: that is asked for again when it is looked at.
   */
  apply(changes: QueryChangesAnswer, pageSize: number): void {
    this.set(this.withGaps(changes) ?? this.upToGap(changes));
    this.state = changes.newQueryState;
    const server = this.server ?? [];
    this.pages.clear();
    for (let page = 0; page * pageSize < Math.max(server.length, 1); page += 1) {
      if (!server.slice(page * pageSize, (page + 1) * pageSize).includes(undefined)) this.pages.add(page);
    }
  }

  /** The whole list as it is after the changes; nothing if its length shows that something went of which the place was not known. */
  private withGaps({ removed, added, total }: QueryChangesAnswer): (Id | undefined)[] | undefined {
    const gone = new Set(removed);
    const all = (this.server ?? []).filter((id) => id === undefined || !gone.has(id));
    for (const { id, index } of inOrder(added)) {
      if (index > all.length) return undefined;
      all.splice(index, 0, id);
    }
    return total === undefined || all.length === total ? all : undefined;
  }

  /** What was known without a gap, as it is after the changes. */
  private upToGap({ removed, added, total }: QueryChangesAnswer): (Id | undefined)[] {
    const gone = new Set(removed);
    const known = this.known().filter((id) => !gone.has(id));
    for (const { id, index } of inOrder(added)) {
      if (index <= known.length) known.splice(index, 0, id);
    }
    return Array.from({ length: total ?? known.length }, (_, index) => known[index]);
  }

  /** Places of these are not known any more; they are asked for again when they are looked at. */
  forgetIds(gone: ReadonlySet<Id>, pageSize: number): void {
    const server = this.server;
    if (!server) return;
    this.set(server.map((id, index) => {
      if (id === undefined || !gone.has(id)) return id;
      this.pages.delete(Math.floor(index / pageSize));
      return undefined;
    }));
  }

  /** Whether an answer of this state does not fit what is known. */
  isOther(state: State): boolean {
    return this.server !== undefined && this.canCalculateChanges && this.state !== undefined && this.state !== state;
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
