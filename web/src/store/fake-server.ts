// A server for tests: one account in memory that answers as RFC 8620 and RFC 8621 say, as far as the store asks.

import { Client, Unreachable } from "../jmap/client";
import { CORE, type Filter, type Id, MAIL, type Session, type Summary } from "../jmap/types";

const session: Session = {
  capabilities: { [CORE]: {}, [MAIL]: {} },
  accounts: {},
  primaryAccounts: { [MAIL]: "a" },
  username: "li@trade.test",
  apiUrl: "/jmap/api",
  downloadUrl: "",
  uploadUrl: "",
  eventSourceUrl: "",
  state: "0",
};

type Sent = [name: string, args: unknown, id: string];
type Arguments = Record<string, never> & {
  ids?: Id[];
  filter?: Filter;
  position?: number;
  limit?: number;
  sinceState?: string;
  sinceQueryState?: string;
  upToId?: Id;
  update?: Record<Id, Record<string, true | null>>;
  destroy?: Id[];
};

export class FakeServer extends Client {
  readonly emails = new Map<Id, Summary>();
  /** What refuses a change of a message. */
  refuses = (_id: Id): boolean => false;
  isReachable = true;
  /** States before this one are forgotten. */
  trimmed = 0;
  /** What a query gave at each state. */
  private readonly results = new Map<string, Id[]>();
  private readonly changedAt = new Map<Id, number>();
  private readonly destroyedAt = new Map<Id, number>();
  private state = 0;

  constructor() {
    super(session);
  }

  /** A message comes in. */
  arrive(id: Id, box: Id, receivedAt: number): void {
    this.emails.set(id, {
      id, blobId: `b${id}`, threadId: `t${id}`, mailboxIds: { [box]: true }, keywords: {}, from: null, to: null, subject: id,
      receivedAt: new Date(receivedAt * 1000).toISOString(), preview: "", hasAttachment: false, size: 1,
    });
    this.touch(id);
  }

  /** The messages of a mailbox, the newest first. */
  inBox(box: Id): Id[] {
    const found = [...this.emails.values()].filter((it) => it.mailboxIds[box]);
    return found.sort((one, other) => other.receivedAt.localeCompare(one.receivedAt) || one.id.localeCompare(other.id)).map(({ id }) => id);
  }

  patch(id: Id, patch: Record<string, true | null>): void {
    const email = structuredClone(this.emails.get(id));
    if (!email) return;
    for (const [path, value] of Object.entries(patch)) {
      const [set = "", name = ""] = path.split("/");
      const target = set === "keywords" ? email.keywords : email.mailboxIds;
      if (value) target[name] = true;
      else delete target[name];
    }
    this.emails.set(id, email);
    this.touch(id);
  }

  private touch(id: Id): void {
    this.state += 1;
    this.changedAt.set(id, this.state);
  }

  override async request(calls: Sent[]): Promise<Sent[]> {
    await Promise.resolve();
    if (!this.isReachable) throw new Unreachable("no connection");
    const answers: Sent[] = [];
    for (const [name, args, id] of calls) answers.push([...this.answer(name, this.resolve(args as Arguments, answers)), id] as Sent);
    return answers;
  }

  private resolve(args: Arguments, answers: Sent[]): Arguments {
    const reference = (args as Record<string, unknown>)["#ids"] as { resultOf: string; path: string } | undefined;
    if (!reference) return args;
    const [, answer] = answers.find(([, , id]) => id === reference.resultOf) ?? [];
    let found: unknown[] = [answer];
    for (const step of reference.path.split("/").slice(1)) {
      found = found.flatMap((it) => (step === "*" ? (it as unknown[]) : [(it as Record<string, unknown>)?.[step]]));
    }
    return { ...args, ids: found.flat() as Id[] } as Arguments;
  }

  private answer(name: string, args: Arguments): [string, unknown] {
    const state = String(this.state);
    const since = Number(args.sinceState ?? args.sinceQueryState ?? 0);
    if ((args.sinceState ?? args.sinceQueryState) !== undefined && since < this.trimmed) return ["error", { type: "cannotCalculateChanges" }];
    switch (name) {
      case "Email/get":
        return [name, { state, list: (args.ids ?? []).flatMap((id) => structuredClone(this.emails.get(id)) ?? []), notFound: [] }];
      case "EmailBody/get":
        return [name, { list: (args.ids ?? []).map((id) => ({ id, parts: [] })), notFound: [] }];
      case "Thread/get":
        return [name, { state, list: (args.ids ?? []).map((id) => ({ id, emailIds: [id.slice(1)] })), notFound: [] }];
      case "Mailbox/get":
        return [name, { state, list: [], notFound: [] }];
      case "Mailbox/changes":
      case "Thread/changes":
        return [name, { oldState: args.sinceState, newState: state, hasMoreChanges: false, created: [], updated: [], destroyed: [] }];
      case "Email/changes": {
        const updated = [...this.changedAt].filter(([id, at]) => at > since && this.emails.has(id)).map(([id]) => id);
        const destroyed = [...this.destroyedAt].filter(([, at]) => at > since).map(([id]) => id);
        return [name, { oldState: args.sinceState, newState: state, hasMoreChanges: false, created: [], updated, destroyed }];
      }
      case "Email/query":
        return [name, this.query(args)];
      case "Email/queryChanges":
        return [name, this.queryChanges(args)];
      case "Email/set":
        return [name, this.set(args)];
      default:
        return ["error", { type: "unknownMethod" }];
    }
  }

  private result(filter: Filter | undefined): Id[] {
    const ids = this.inBox((filter as { inMailbox: Id }).inMailbox);
    this.results.set(`${JSON.stringify(filter)}@${this.state}`, ids);
    return ids;
  }

  private query({ filter, position = 0, limit = Number.POSITIVE_INFINITY }: Arguments): unknown {
    const all = this.result(filter);
    return { queryState: String(this.state), canCalculateChanges: true, position, ids: all.slice(position, position + limit), total: all.length };
  }

  private queryChanges({ filter, sinceQueryState, upToId }: Arguments): unknown {
    const before = this.results.get(`${JSON.stringify(filter)}@${sinceQueryState}`) ?? [];
    const now = this.result(filter);
    const removed = before.filter((id) => !now.includes(id));
    const end = upToId !== undefined && now.includes(upToId) ? now.indexOf(upToId) : now.length;
    const added = now.flatMap((id, index) => (!before.includes(id) && index <= end ? [{ id, index }] : []));
    return { oldQueryState: sinceQueryState, newQueryState: String(this.state), total: now.length, removed, added };
  }

  private set({ update = {}, destroy = [] }: Arguments): unknown {
    const notUpdated: Record<Id, unknown> = {};
    for (const [id, patch] of Object.entries(update)) {
      if (this.refuses(id)) notUpdated[id] = { type: "forbidden" };
      else this.patch(id, patch);
    }
    for (const id of destroy) {
      this.emails.delete(id);
      this.state += 1;
      this.destroyedAt.set(id, this.state);
    }
    return { oldState: null, newState: String(this.state), updated: {}, destroyed: destroy, notUpdated };
  }
}
