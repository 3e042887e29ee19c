// The index of one's own encrypted mail. The server cannot search what it cannot read: this browser opens each message once, and keeps its text under a
// key that comes from the private one. While the key is unlocked the texts are in the page's memory; once it is locked, nobody reads them.

import type { Filter, Id, Message } from "../jmap/types";
import type { MailStore } from "../store/store";
import { onLock, openIndexed, reveal, sealIndexed, unlockedNow } from "./engine";
import { put, readAll, remove } from "./index-store";
import { contentOf } from "./mail-content";
import { cipherOf } from "./reading";
import { folded, type Indexed, isMeant, type Words } from "./search-words";

/** Messages that are looked after: the newest. */
const MESSAGES_MAX = 20_000;

/** Letters kept of one message. */
const LETTERS_MAX = 100_000;

/** Letters kept of all: what a page may well hold. */
const ALL_LETTERS_MAX = 60_000_000;

/** Longest message that is opened for the index, in octets. */
const SIZE_MAX = 30_000_000;

const ENCRYPTED: Filter = { header: ["Content-Type", "multipart/encrypted"] };

/** A message of the index. `subject` and `from` are shown as they are. */
export interface Entry {
  id: Id;
  threadId: Id;
  receivedAt: string;
  subject: string;
  from: string;
  texts: Indexed;
}

/** How far it is; `done` of `total` messages are in it. */
export interface Progress {
  done: number;
  total: number;
  isOver: boolean;
}

class Index {
  private readonly entries = new Map<Id, Entry>();
  /** Messages that did not open: they are not tried again while the page is open. */
  private readonly closed = new Set<Id>();
  private letters = 0;
  private isLoaded = false;
  private running: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();
  progress: Progress = { done: 0, total: 0, isOver: false };

  constructor(
    private readonly store: MailStore,
    private readonly fingerprint: string,
  ) {}

  /** The messages that are meant, the newest first. */
  find(words: Words): Entry[] {
    const found = [...this.entries.values()].filter(({ texts }) => isMeant(texts, words));
    return found.sort((one, other) => other.receivedAt.localeCompare(one.receivedAt));
  }

  /** Brings it up to what the server has, once at a time; `tell` hears of each step. */
  async follow(tell: () => void): Promise<void> {
    this.listeners.add(tell);
    const all = () => {
      for (const listener of this.listeners) listener();
    };
    this.running ??= this.run(all).finally(() => {
      this.running = undefined;
    });
    await this.running.finally(() => this.listeners.delete(tell));
  }

  private async run(tell: () => void): Promise<void> {
    await this.load();
    const ids = await this.listed();
    const there = new Set(ids);
    for (const id of this.entries.keys()) {
      if (there.has(id)) continue;
      this.letters -= lettersIn(this.entries.get(id));
      this.entries.delete(id);
      // oxlint-disable-next-line no-await-in-loop
      await remove(this.place(id));
    }
    const missing = ids.filter((id) => !this.entries.has(id) && !this.closed.has(id));
    this.progress = { done: ids.length - missing.length, total: ids.length, isOver: missing.length === 0 };
    tell();
    for (const id of missing) {
      if (unlockedNow() !== this.fingerprint || this.letters > ALL_LETTERS_MAX) return;
      // One after the other: whoever reads meanwhile comes first.
      // oxlint-disable-next-line no-await-in-loop
      await this.add(id);
      this.progress = { ...this.progress, done: this.progress.done + 1 };
      tell();
    }
    this.progress = { ...this.progress, isOver: true };
    tell();
  }

  private async load(): Promise<void> {
    if (this.isLoaded) return;
    this.isLoaded = true;
    for (const { place, sealed } of await readAll(this.store.accountId, this.fingerprint)) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        this.keep(JSON.parse(await openIndexed(place[2], sealed)) as Entry);
      } catch {
        // What does not open is made anew.
        if (unlockedNow() !== this.fingerprint) return;
      }
    }
  }

  private async listed(): Promise<Id[]> {
    const { client, accountId } = this.store;
    const ids: Id[] = [];
    for (;;) {
      // Each page begins where the one before ended.
      // oxlint-disable-next-line no-await-in-loop
      const page = await client.call("Email/query", { accountId, filter: ENCRYPTED, sort: [{ property: "receivedAt", isAscending: false }], position: ids.length, limit: 500 });
      ids.push(...page.ids);
      if (page.ids.length === 0 || ids.length >= MESSAGES_MAX) return ids.slice(0, MESSAGES_MAX);
    }
  }

  private async add(id: Id): Promise<void> {
    const { client, accountId } = this.store;
    try {
      const properties = ["id", "threadId", "receivedAt", "size", "attachments"];
      const { list } = await client.call("Email/get", { accountId, ids: [id], properties, bodyProperties: ["blobId", "type"] });
      const message = list[0] as Message | undefined;
      const blobId = message && cipherOf(message);
      if (!message || !blobId || message.size > SIZE_MAX) throw new Error("not encrypted");
      const blob = await client.download(accountId, blobId, "application/octet-stream");
      const opened = await reveal(await (blob ?? new Blob()).text(), []);
      const { subject, from, to, text, files } = await contentOf(opened.content);
      const body = `${text} ${files.map(({ name }) => name).join(" ")}`.slice(0, LETTERS_MAX);
      const entry: Entry = {
        id, threadId: message.threadId, receivedAt: message.receivedAt, subject, from,
        texts: { from: folded(from), to: folded(to), subject: folded(subject), body: folded(body) },
      };
      const sealed = await sealIndexed(id, JSON.stringify(entry));
      await put({ place: this.place(id), sealed });
      this.keep(entry);
    } catch {
      this.closed.add(id);
    }
  }

  private keep(entry: Entry): void {
    this.entries.set(entry.id, entry);
    this.letters += lettersIn(entry);
  }

  private place(id: Id): [string, string, string] {
    return [this.store.accountId, this.fingerprint, id];
  }
}

const lettersIn = (entry: Entry | undefined) => Object.values(entry?.texts ?? {}).reduce((sum, text: string) => sum + text.length, 0);

let current: { store: MailStore; fingerprint: string; index: Index } | undefined;

onLock(() => {
  current = undefined;
});

/** The index of an account under the key that is unlocked; nothing while none is. */
export function indexOf(store: MailStore): Index | undefined {
  const fingerprint = unlockedNow();
  if (fingerprint === undefined) return undefined;
  if (current?.store !== store || current.fingerprint !== fingerprint) current = { store, fingerprint, index: new Index(store, fingerprint) };
  return current.index;
}
