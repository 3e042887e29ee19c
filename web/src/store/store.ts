// The messages of one account as far as they are known here. Screens read from here and change here; what the server says comes in by
// changes since a state (RFC 8620 section 5.2), what people do goes out as patches and shows at once.

import { type Batch, type Call, type Client, Refused, refusedIn, Unreachable } from "../jmap/client";
import { type ChangesAnswer, type EmailSender, type Id, type Identity, type Label, LABELS, type Mailbox, type Message, type State, type Summary, type Thread, type Verdict } from "../jmap/types";
import { Bodies } from "./bodies";
import { type Change, changed, inverse, patchOf } from "./change";
import { type ListQuery, MessageList } from "./list";
import { askMessages, askPage, askThread, SUMMARY, summaryOf } from "./requests";

/** Messages that are asked for together as somebody scrolls. */
export const PAGE = 100;
/** Lists that are kept up to date; older ones are forgotten. */
const LISTS_MAX = 8;
/** Messages of which the rows are kept; beyond that the oldest quarter is forgotten. */
export const ROWS_MAX = 4000;
/** Messages of a conversation that is read before somebody opens it. */
const AHEAD_MAX = 8;
/** Attempts to read a part of a list that changes meanwhile. */
const ATTEMPTS_MAX = 4;
/** Rounds of changes that are asked for before everything is read anew. */
const ROUNDS_MAX = 20;

/** What is known of an account at a moment, to be known again later. */
export interface Dump {
  states: [Kind, State][];
  mailboxes: Mailbox[];
  identities: Identity[];
  /** Absent in what was kept before there were any. */
  labels?: Label[];
  threads: Thread[];
  messages: Message[];
  /** The newest of a list. */
  list: { query: ListQuery; ids: Id[]; state: State };
}

interface Pending {
  ids: ReadonlySet<Id>;
  change: Change | "destroy";
}

type Kind = "Mailbox" | "Email" | "Thread" | "Label";

export class MailStore {
  /** Grows with each change; what screens watch. */
  version = 0;
  /** Whether the last request reached the server. */
  reached = true;
  mailboxes = new Map<Id, Mailbox>();
  identities: Identity[] = [];
  /** Another array where anything of them has changed. */
  labels: Label[] = [];

  private readonly summaries = new Map<Id, Summary>();
  private readonly bodies = new Bodies((id) => {
    this.verdicts.delete(id);
    this.senders.delete(id);
  });
  private readonly verdicts = new Map<Id, Verdict>();
  private readonly senders = new Map<Id, EmailSender>();
  private readonly threads = new Map<Id, Id[]>();
  private readonly lists = new Map<string, MessageList>();
  private readonly states = new Map<Kind, State>();
  private readonly pending = new Set<Pending>();
  /** The conversation that was opened last. */
  private opened: Id | undefined;
  /** Conversations that are being read. */
  private readonly reading = new Map<Id, Promise<void>>();
  /** Told of messages that have come. */
  readonly arrivals = new Set<(ids: Id[]) => void>();
  private readonly listeners = new Set<() => void>();
  private told = false;
  private refreshing: Promise<void> | undefined;
  private again = false;

  constructor(
    readonly client: Client,
    readonly accountId: Id,
    /** Told of what went wrong with something that nobody waits for. */
    private readonly failed: (error: Error) => void,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): number => this.version;

  /** Reads mailboxes and identities. */
  async start(): Promise<void> {
    const { accountId } = this;
    const batch = this.client.batch();
    const mailboxes = batch.call("Mailbox/get", { accountId, ids: null });
    // Only the states are wanted: from here on changes are asked for.
    const emails = batch.call("Email/get", { accountId, ids: [] });
    const threads = batch.call("Thread/get", { accountId, ids: [] });
    const labels = this.hasLabels ? batch.call("Label/get", { accountId, ids: null }) : undefined;
    await this.send(batch);
    if (labels) this.takeLabels(labels.value);
    this.mailboxes = new Map(mailboxes.value.list.map((it) => [it.id, it]));
    this.states.set("Mailbox", mailboxes.value.state).set("Email", emails.value.state).set("Thread", threads.value.state);
    this.tell();
  }

  private get hasLabels(): boolean {
    return this.client.session.accounts[this.accountId]?.accountCapabilities[LABELS] !== undefined;
  }

  private takeLabels({ list, state }: { list: Label[]; state: State }): void {
    this.labels = list;
    this.states.set("Label", state);
  }

  async readIdentities(): Promise<void> {
    this.identities = (await this.client.call("Identity/get", { accountId: this.accountId, ids: null })).list;
    this.tell();
  }

  /** The newest conversations of a list, with their bodies; nothing while the list is not known. */
  async dump(query: ListQuery, most: number): Promise<Dump | undefined> {
    const list = this.lists.get(JSON.stringify(query));
    if (!list?.state || this.pending.size > 0) return undefined;
    const ids = list.known().slice(0, most);
    const state = list.state;
    const threads = [...new Set(ids.flatMap((id) => this.summaries.get(id)?.threadId ?? []))].map((id) => ({ id, emailIds: this.threads.get(id) ?? [] }));
    const wanted = threads.flatMap(({ emailIds }) => emailIds).slice(0, most);
    const unknown = wanted.filter((id) => !this.bodies.has(id));
    // What is read for this stays here whole, whatever is forgotten meanwhile.
    const known = new Map(wanted.flatMap((id): [Id, Message][] => { const body = this.bodies.get(id); return body ? [[id, body]] : []; }));
    for (const message of unknown.length > 0 ? await this.readBodies(unknown) : []) known.set(message.id, message);
    const messages = wanted.flatMap((id) => known.get(id) ?? []);
    return { states: [...this.states], mailboxes: [...this.mailboxes.values()], identities: this.identities, labels: this.labels, threads, messages, list: { query, ids, state } };
  }

  /** Begins with what was known earlier; what has changed since comes with the next [refresh]. */
  restore({ states, mailboxes, identities, labels, threads, messages, list: { query, ids, state } }: Dump): void {
    for (const [kind, at] of states) this.states.set(kind, at);
    this.mailboxes = new Map(mailboxes.map((it) => [it.id, it]));
    this.identities = identities;
    this.labels = labels ?? [];
    for (const { id, emailIds } of threads) this.threads.set(id, emailIds);
    for (const message of messages) {
      this.bodies.set(message.id, message);
      this.summaries.set(message.id, summaryOf(message));
    }
    const known = ids.filter((id) => this.summaries.has(id));
    const list = this.list(query);
    list.take(0, known, known.length, state, true);
    for (let page = 0; page * PAGE < Math.max(known.length, 1); page += 1) list.pages.add(page);
    this.reached = false;
    this.tell();
  }

  private async readBodies(ids: Id[]): Promise<Message[]> {
    const messages = await askMessages(this.client, this.accountId, ids);
    for (const message of messages) this.bodies.set(message.id, message);
    this.bodies.touch(ids);
    return messages;
  }

  // What is there.

  mailboxOf(role: string): Mailbox | undefined {
    return [...this.mailboxes.values()].find((it) => it.role === role);
  }

  /** A message with what is under way already done. */
  summary(id: Id): Summary | undefined {
    return this.shown(this.summaries.get(id) ?? this.bodies.get(id));
  }

  /** A message with its body, if that was read. */
  message(id: Id): Message | undefined {
    return this.shown(this.bodies.get(id));
  }

  /** What was found of a message that was read, if it came from outside and that is still known. */
  verdict(id: Id): Verdict | undefined {
    return this.verdicts.get(id);
  }

  /** Who wrote a message that was read. */
  sender(id: Id): EmailSender | undefined {
    return this.senders.get(id);
  }

  /** The messages of a conversation, oldest first. */
  thread(id: Id): Id[] | undefined {
    return this.threads.get(id)?.filter((email) => !this.isGoing(email));
  }

  private shown<T extends Summary>(message: T | undefined): T | undefined {
    if (!message) return undefined;
    let shown = message;
    for (const { ids, change } of this.pending) {
      if (ids.has(message.id) && change !== "destroy") shown = changed(shown, change);
    }
    return shown;
  }

  private isGoing(id: Id): boolean {
    return [...this.pending].some(({ ids, change }) => change === "destroy" && ids.has(id));
  }

  /** The list for a query; its parts come by [look]. */
  list(query: ListQuery): MessageList {
    const key = JSON.stringify(query);
    const list = this.lists.get(key) ?? new MessageList(query);
    // The one used last stands last.
    this.lists.delete(key);
    this.lists.set(key, list);
    for (const old of [...this.lists.keys()].slice(0, Math.max(0, this.lists.size - LISTS_MAX))) this.lists.delete(old);
    return list;
  }

  /** Asks for what is not known of the places from `first` to `last`. */
  look(list: MessageList, first: number, last: number): void {
    const end = Math.max(last, first) + list.shift;
    for (let page = Math.floor(first / PAGE); page <= Math.floor(end / PAGE); page += 1) {
      if (page * PAGE >= list.length + list.shift && page > Math.floor(first / PAGE)) break;
      if (list.pages.has(page)) continue;
      list.pages.add(page);
      this.readPage(list, page).catch((error: Error) => {
        list.pages.delete(page);
        list.error = error;
        this.tell();
      });
    }
  }

  /** Reads a part of a list. Where that is of another state than what is known, what is known is put right first, so that it stays. */
  private async readPage(list: MessageList, page: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const agreed = list.agreed();
      const { position, ids, total, queryState, canCalculateChanges, rows, threads } = await this.reaching(askPage(this.client, this.accountId, list.query, page * PAGE, PAGE));
      if (list.isOther(queryState) && attempt < ATTEMPTS_MAX) {
        await this.refresh();
        if (list.isOther(queryState)) continue;
      }
      this.keep(rows);
      for (const thread of threads) this.threads.set(thread.id, thread.emailIds);
      list.take(position, ids, total ?? position + ids.length, queryState, canCalculateChanges);
      list.putBack(agreed);
      list.pages.add(page);
      list.error = undefined;
      this.forgetRows();
      this.tell();
      return;
    }
  }

  /** Forgets the rows that were read longest ago, but for the newest of each list and those that are open. */
  private forgetRows(): void {
    if (this.summaries.size <= ROWS_MAX) return;
    const stay = new Set([...this.lists.values()].flatMap((list) => list.ids?.slice(0, PAGE) ?? []));
    const gone = new Set<Id>();
    for (const [id, { threadId }] of this.summaries) {
      if (gone.size >= ROWS_MAX / 4) break;
      if (stay.has(id) || this.bodies.has(id)) continue;
      gone.add(id);
      this.threads.delete(threadId);
    }
    for (const id of gone) this.summaries.delete(id);
    for (const list of this.lists.values()) list.forgetIds(gone, PAGE);
  }

  private keep(messages: Summary[]): void {
    for (const message of messages) {
      // The one read last stands last.
      this.summaries.delete(message.id);
      this.summaries.set(message.id, message);
    }
  }

  /** Reads a conversation with its bodies, which stay until another is opened. */
  async open(threadId: Id): Promise<void> {
    this.opened = threadId;
    this.bodies.pin(this.threads.get(threadId) ?? []);
    await this.read(threadId);
  }

  /** Reads a conversation that somebody is likely to open, if it is a short one. What goes wrong is told when it is opened. */
  readAhead(threadId: Id): void {
    const { length } = this.threads.get(threadId) ?? [];
    if (length > 0 && length <= AHEAD_MAX && this.reached) this.read(threadId).catch(() => {});
  }

  /** One request for each conversation at a time. */
  private read(threadId: Id): Promise<void> {
    const ids = this.threads.get(threadId);
    if (ids && ids.length > 0 && ids.every((id) => this.bodies.has(id))) {
      this.bodies.touch(ids);
      return Promise.resolve();
    }
    const work = this.reading.get(threadId) ?? this.readThread(threadId).finally(() => this.reading.delete(threadId));
    this.reading.set(threadId, work);
    return work;
  }

  private async readThread(threadId: Id): Promise<void> {
    const { emailIds, messages, verdicts, senders } = await this.reaching(askThread(this.client, this.accountId, threadId));
    this.threads.set(threadId, emailIds);
    for (const verdict of verdicts) this.verdicts.set(verdict.id, verdict);
    for (const sender of senders) this.senders.set(sender.id, sender);
    for (const message of messages) {
      this.bodies.set(message.id, message);
      if (this.summaries.has(message.id)) this.summaries.set(message.id, summaryOf(message));
    }
    // However many they are.
    if (threadId === this.opened) this.bodies.pin(emailIds);
    this.bodies.touch(emailIds);
    this.tell();
  }

  /** The messages of the conversations that these belong to. Those that are not known yet are read. */
  async members(ids: Id[]): Promise<Id[]> {
    await this.readRows(ids.filter((id) => !this.summary(id)));
    const threads = [...new Set(ids.flatMap((id) => this.summary(id)?.threadId ?? []))];
    await this.readThreads(threads.filter((id) => !this.threads.has(id)));
    const all = threads.flatMap((id) => this.thread(id) ?? []);
    await this.readRows(all.filter((id) => !this.summary(id)));
    return all.length > 0 ? all : ids;
  }

  private async readRows(ids: Id[]): Promise<void> {
    if (ids.length === 0) return;
    this.keep((await this.reaching(this.client.call("Email/get", { accountId: this.accountId, ids, properties: SUMMARY }))).list);
  }

  private async readThreads(ids: Id[]): Promise<void> {
    if (ids.length === 0) return;
    const { list } = await this.reaching(this.client.call("Thread/get", { accountId: this.accountId, ids }));
    for (const thread of list) this.threads.set(thread.id, thread.emailIds);
  }

  // What people do.

  /** Changes messages: here at once, on the server as soon as it answers. Gives what undoes it; undone here if the server refuses. */
  async change(ids: Id[], change: Change): Promise<() => Promise<void>> {
    const undo = ids.flatMap((id) => {
      const message = this.summary(id);
      return message ? [{ id, change: inverse(message, change) }] : [];
    });
    const update = Object.fromEntries(ids.map((id) => [id, patchOf(change)]));
    await this.carryOut({ ids: new Set(ids), change }, { update });
    return async () => {
      const patches = Object.fromEntries(undo.map((it) => [it.id, patchOf(it.change)]));
      const answer = await this.client.call("Email/set", { accountId: this.accountId, update: patches });
      await this.refresh();
      const refused = refusedIn(answer);
      if (refused) throw refused;
    };
  }

  /** Deletes messages for good. */
  async destroy(ids: Id[]): Promise<void> {
    await this.carryOut({ ids: new Set(ids), change: "destroy" }, { destroy: ids });
  }

  private async carryOut(pending: Pending, what: { update: Record<Id, Record<string, true | null>> } | { destroy: Id[] }): Promise<void> {
    this.pending.add(pending);
    const left = [...this.lists.values()].filter((list) => this.leaves(list, pending.change));
    for (const list of left) list.takeOut(pending.ids, "sent");
    this.tell();
    try {
      const answer = await this.reaching(this.client.call("Email/set", { accountId: this.accountId, ...what }));
      const refused = refusedIn(answer);
      if (refused) throw refused;
      this.settle(pending);
      for (const list of left) list.takeOut(pending.ids, "done");
    } catch (error) {
      for (const list of left) list.putBack(pending.ids);
      throw error;
    } finally {
      this.pending.delete(pending);
      this.tell();
      this.wake();
    }
  }

  /** What the server has agreed to is how it is. */
  private settle({ ids, change }: Pending): void {
    for (const id of ids) {
      for (const known of [this.summaries, this.bodies] as Map<Id, Summary>[]) {
        const message = known.get(id);
        if (change === "destroy") known.delete(id);
        else if (message) known.set(id, changed(message, change));
      }
    }
  }

  /** Whether messages that are changed so do not belong in the list any more. */
  private leaves(list: MessageList, change: Change | "destroy"): boolean {
    if (change === "destroy") return true;
    const box = "inMailbox" in list.query.filter ? list.query.filter.inMailbox : undefined;
    return typeof box === "string" && change.mailboxes?.[box] === false;
  }

  // What the server says.

  /** Asks soon for what has changed; failures show in [reached]. */
  wake(): void {
    this.refresh().catch((error: Error) => {
      if (!(error instanceof Unreachable)) this.failed(error);
    });
  }

  /** Asks for what has changed. One at a time: asked meanwhile, it asks once more. */
  refresh(): Promise<void> {
    if (this.refreshing) {
      this.again = true;
      return this.refreshing;
    }
    this.refreshing = (async () => {
      try {
        do {
          this.again = false;
          await this.readChanges();
        } while (this.again);
      } finally {
        this.refreshing = undefined;
      }
    })();
    return this.refreshing;
  }

  private async readChanges(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      if (!(await this.readRound())) {
        await this.readLists();
        return;
      }
    }
    await this.forget();
  }

  /** One round of changes. Says whether there are more. */
  private async readRound(): Promise<boolean> {
    const { accountId } = this;
    const batch = this.client.batch();
    const since = (kind: Kind) => ({ accountId, sinceState: this.states.get(kind) ?? "", maxChanges: 500 });
    const changes = {
      Mailbox: batch.call("Mailbox/changes", since("Mailbox")),
      Email: batch.call("Email/changes", since("Email")),
      Thread: batch.call("Thread/changes", since("Thread")),
    };
    // There are few: where one has changed, all are read.
    const labels = this.hasLabels && this.states.has("Label") ? batch.call("Label/changes", since("Label")) : undefined;
    await this.send(batch);
    const answers = this.unlessTrimmed(() => ({
      Mailbox: changes.Mailbox.value,
      Email: changes.Email.value,
      Thread: changes.Thread.value,
    }));
    if (!answers) {
      await this.forget();
      return false;
    }
    await this.readChanged(answers);
    const changed = labels && this.unlessTrimmed(() => labels.value);
    if (this.hasLabels && (!changed || changed.newState !== changed.oldState)) this.takeLabels(await this.client.call("Label/get", { accountId, ids: null }));
    for (const kind of ["Mailbox", "Email", "Thread"] as const) this.states.set(kind, answers[kind].newState);
    const { created } = answers.Email;
    if (created.length > 0) this.arrivals.forEach((listener) => listener(created));
    this.tell();
    return Object.values(answers).some((answer) => answer.hasMoreChanges);
  }

  private async readChanged(changes: Record<Exclude<Kind, "Label">, ChangesAnswer>): Promise<void> {
    const { accountId } = this;
    for (const id of changes.Mailbox.destroyed) this.mailboxes.delete(id);
    for (const id of changes.Thread.destroyed) this.threads.delete(id);
    for (const id of changes.Email.destroyed) {
      this.summaries.delete(id);
      this.bodies.delete(id);
    }
    const boxes = [...changes.Mailbox.created, ...changes.Mailbox.updated];
    const emails = changes.Email.updated.filter((id) => this.summaries.has(id) || this.bodies.has(id));
    const threads = changes.Thread.updated.filter((id) => this.threads.has(id));
    const batch = this.client.batch();
    const gets: { boxes?: Call<"Mailbox/get">; emails?: Call<"Email/get">; threads?: Call<"Thread/get"> } = {};
    if (boxes.length > 0) gets.boxes = batch.call("Mailbox/get", { accountId, ids: boxes });
    if (emails.length > 0) {
      // Of a message only these two change (RFC 8621 section 4.1.1).
      gets.emails = batch.call("Email/get", { accountId, ids: emails, properties: ["id", "mailboxIds", "keywords"] });
    }
    if (threads.length > 0) gets.threads = batch.call("Thread/get", { accountId, ids: threads });
    if (Object.keys(gets).length === 0) return;
    await this.send(batch);
    for (const box of gets.boxes?.value.list ?? []) this.mailboxes.set(box.id, box);
    for (const thread of gets.threads?.value.list ?? []) this.threads.set(thread.id, thread.emailIds);
    for (const { id, mailboxIds, keywords } of gets.emails?.value.list ?? []) {
      for (const known of [this.summaries, this.bodies] as Map<Id, Summary>[]) {
        const message = known.get(id);
        if (message) known.set(id, { ...message, mailboxIds, keywords });
      }
    }
  }

  private async readLists(): Promise<void> {
    const { accountId } = this;
    for (const list of this.lists.values()) {
      // Asked for from now on, the server's list knows of them.
      const agreed = list.agreed();
      if (!list.ids) continue;
      const state = list.state;
      if (state === undefined || !list.canCalculateChanges) {
        list.renew();
        continue;
      }
      const batch = this.client.batch();
      const changes = batch.call("Email/queryChanges", { accountId, ...list.query, sinceQueryState: state, calculateTotal: true });
      await this.send(batch);
      const answer = this.unlessTrimmed(() => changes.value);
      const fresh = answer?.added.flatMap(({ id }) => (this.summaries.has(id) ? [] : [id])) ?? [];
      // What has come is read with it, unless it is so much that only what is looked at should be.
      const isMuch = fresh.length > PAGE;
      if (!isMuch && fresh.length > 0) {
        await this.readRows(fresh);
        await this.readThreads([...new Set(fresh.flatMap((id) => this.summaries.get(id)?.threadId ?? []))]);
      }
      // Another answer may have come first; the list is then newer than this one.
      if (list.state !== state) continue;
      if (!answer || isMuch) {
        list.renew();
        continue;
      }
      list.putBack(agreed);
      if (answer.newQueryState === state && answer.added.length === 0 && answer.removed.length === 0) continue;
      list.apply(answer, PAGE);
    }
    this.tell();
  }

  /** What `read` gives; nothing if the server has forgotten what was then. */
  private unlessTrimmed<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof Refused && (error.type === "cannotCalculateChanges" || error.type === "tooManyChanges")) return undefined;
      throw error;
    }
  }

  /** Begins anew with what the server has. */
  private async forget(): Promise<void> {
    this.summaries.clear();
    this.bodies.clear();
    this.threads.clear();
    this.lists.forEach((list) => list.forget());
    await this.start();
  }

  private async send(batch: Batch): Promise<void> {
    await this.reaching(batch.send());
  }

  private async reaching<T>(work: Promise<T>): Promise<T> {
    try {
      const done = await work;
      this.setReached(true);
      return done;
    } catch (error) {
      if (error instanceof Unreachable) this.setReached(false);
      throw error;
    }
  }

  private setReached(reached: boolean): void {
    if (this.reached === reached) return;
    this.reached = reached;
    this.tell();
  }

  /** Tells the screens, once for all that changes in one go. */
  private tell(): void {
    this.version += 1;
    if (this.told) return;
    this.told = true;
    queueMicrotask(() => {
      this.told = false;
      this.listeners.forEach((listener) => listener());
    });
  }
}
