// All contacts of the own account, read once they are needed and anew when somebody changed one.

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Refused, refusedIn } from "../jmap/client";
import { CONTACTS, type Id } from "../jmap/types";
import { useOwnStore } from "../store/context";
import type { MailStore } from "../store/store";
import { type Card, CARD, patchFor, type Person, personOf } from "./card";

/** Cards that are read together. */
const PAGE = 500;
/** Cards that are made together. */
const MADE_AT_ONCE = 100;

export class Book {
  /** By id; absent until they are read. */
  cards: Map<Id, Card> | undefined;
  private byEmail = new Map<string, Card>();
  private books: Id[] = [];
  private version = 0;
  private reading: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly store: MailStore) {}

  get isOffered(): boolean {
    return CONTACTS in this.store.client.session.capabilities;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): number => this.version;

  /** Reads all cards, once. */
  read(): Promise<void> {
    this.reading ??= this.readAll().catch((error: Error) => {
      this.reading = undefined;
      throw error;
    });
    return this.reading;
  }

  /** Reads all cards anew. */
  again(): Promise<void> {
    this.reading = undefined;
    return this.read();
  }

  private async readAll(): Promise<void> {
    const { accountId, client } = this.store;
    const batch = client.batch();
    const books = batch.call("AddressBook/get", { accountId, ids: null });
    const query = batch.call("ContactCard/query", { accountId });
    await batch.send();
    this.books = books.value.list.sort((one, other) => Number(other.isDefault) - Number(one.isDefault)).map(({ id }) => id);
    const { ids } = query.value;
    const cards = new Map<Id, Card>();
    for (let at = 0; at < ids.length; at += PAGE) {
      const { list } = await client.call("ContactCard/get", { accountId, ids: ids.slice(at, at + PAGE), properties: CARD });
      for (const card of list) cards.set(card.id, card);
    }
    this.cards = cards;
    this.byEmail = new Map([...cards.values()].flatMap((card) => personOf(card).emails.map((email): [string, Card] => [email.toLowerCase(), card])));
    this.tell();
  }

  /** Whose address this is. */
  of(email: string): Card | undefined {
    return this.byEmail.get(email.toLowerCase());
  }

  /** Contacts whose name, company or address holds each word of a text; those that begin with it first. */
  find(text: string, most = Number.POSITIVE_INFINITY): Card[] {
    const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const found = [...(this.cards?.values() ?? [])].flatMap((card) => {
      const { name, company, emails } = personOf(card);
      const all = [name, company, ...emails].map((it) => it.toLowerCase());
      if (!words.every((word) => all.some((it) => it.includes(word)))) return [];
      return [{ card, name, begins: words.length > 0 && all.some((it) => it.startsWith(words[0] ?? "")) }];
    });
    found.sort((one, other) => Number(other.begins) - Number(one.begins) || one.name.localeCompare(other.name));
    return found.slice(0, most).map(({ card }) => card);
  }

  /** Makes or changes a contact; gives its id. */
  async keep(card: Card | undefined, person: Person): Promise<Id> {
    const { accountId, client } = this.store;
    const patch = patchFor(card, person);
    if (card && Object.keys(patch).length === 0) return card.id;
    const answer = await client.call("ContactCard/set", { accountId, ...(card ? { update: { [card.id]: patch } } : { create: { made: this.cardOf(person) } }) });
    const refused = refusedIn(answer);
    if (refused) throw refused;
    await this.again();
    const id = card?.id ?? answer.created?.made?.id;
    if (!id) throw new Refused("notCreated");
    return id;
  }

  /** A new card in the first address book. */
  private cardOf(person: Person): Record<string, unknown> {
    const said = Object.entries(patchFor(undefined, person)).filter(([, value]) => value !== null);
    return { "@type": "Card", version: "1.0", addressBookIds: Object.fromEntries(this.books.slice(0, 1).map((id) => [id, true])), ...Object.fromEntries(said) };
  }

  /** Makes contacts of those whom no card has an address of, or the very name where they have none; gives how many it made. */
  async keepAll(people: Person[]): Promise<number> {
    await this.read();
    const { accountId, client } = this.store;
    const names = new Set([...(this.cards?.values() ?? [])].map((card) => personOf(card).name));
    const fresh = people.filter(({ name, emails }) => (emails.length > 0 ? !emails.some((email) => this.of(email)) : !names.has(name)));
    try {
      for (let at = 0; at < fresh.length; at += MADE_AT_ONCE) {
        const create = Object.fromEntries(fresh.slice(at, at + MADE_AT_ONCE).map((person, index) => [`c${index}`, this.cardOf(person)]));
        const refused = refusedIn(await client.call("ContactCard/set", { accountId, create }));
        if (refused) throw refused;
      }
    } finally {
      await this.again();
    }
    return fresh.length;
  }

  async remove(card: Card): Promise<void> {
    const refused = refusedIn(await this.store.client.call("ContactCard/set", { accountId: this.store.accountId, destroy: [card.id] }));
    if (refused) throw refused;
    await this.again();
  }

  private tell(): void {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }
}

const Context = createContext<Book | undefined>(undefined);

export function BookProvider({ children }: { children: ReactNode }) {
  const store = useOwnStore();
  return <Context.Provider value={useMemo(() => new Book(store), [store])}>{children}</Context.Provider>;
}

/** The contacts; read when the caller first appears, and the caller is drawn again when they change. */
export function useBook(): { book: Book; error: Error | undefined } {
  const book = useContext(Context);
  if (!book) throw new Error("no contacts above this component");
  const [error, setError] = useState<Error>();
  useSyncExternalStore(book.subscribe, book.snapshot);
  useEffect(() => {
    if (book.isOffered) book.read().then(() => setError(undefined), setError);
  }, [book]);
  return { book, error };
}
