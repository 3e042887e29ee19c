// What the owner has said of keys, kept by the server: signed and encrypted with the owner's own key, and believed only as far as that goes. It is
// read and checked anew each time it is used.

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { type Client, Refused, refusedIn } from "../jmap/client";
import type { Id } from "../jmap/types";
import { utf8 } from "../sealed/octets";
import { useOwnStore } from "../store/context";
import { canonical } from "./directory";
import { protect, revealOwn, unlockedNow, useUnlocked } from "./engine";
import { NOTHING, read, type Said, write } from "./said";

const SEEN = "tradewind.key-statements:";

/** Another browser may say something at the same time. */
const TRIES_MAX = 4;

/** Nothing that the server has of it counts. */
export class Unbelieved extends Error {
  constructor(readonly reason: "altered" | "unsigned" | "older" | "gone") {
    super(reason);
  }
}

interface Seen {
  /** Of the key that signed. */
  key: string;
  count: number;
}

const ownerOf = (client: Client) => canonical(client.session.username);

/** How far this browser has seen it grow under the key that is unlocked. */
function seen(client: Client): number {
  const found = JSON.parse(localStorage.getItem(SEEN + ownerOf(client)) ?? "null") as Seen | null;
  return found && found.key === unlockedNow() ? found.count : 0;
}

function remember(client: Client, count: number): void {
  localStorage.setItem(SEEN + ownerOf(client), JSON.stringify({ key: unlockedNow() ?? "", count } satisfies Seen));
}

const listeners = new Set<() => void>();
let latest: string | null | undefined;
let changes = 0;

/** Has everything that shows it read it again if it is another than the last time. */
function note(content: string | null): void {
  const isOther = latest !== undefined && latest !== content;
  latest = content;
  if (!isOther) return;
  changes += 1;
  for (const tell of listeners) tell();
}

async function fetched(client: Client, accountId: Id): Promise<{ content: string | null; state: string }> {
  const { list, state } = await client.call("KeyStatements/get", { accountId, ids: null });
  const content = list[0]?.content ?? null;
  note(content);
  return { content, state };
}

async function believed(client: Client, content: string | null): Promise<Said> {
  const known = seen(client);
  if (content === null) {
    if (known > 0) throw new Unbelieved("gone");
    return NOTHING;
  }
  const opened = await revealOwn(content).catch(() => undefined);
  if (!opened) throw new Unbelieved("altered");
  if (opened.signature !== "good") throw new Unbelieved("unsigned");
  const said = read(new TextDecoder().decode(opened.content), ownerOf(client));
  if (!said) throw new Unbelieved("altered");
  if (said.count < known) throw new Unbelieved("older");
  remember(client, said.count);
  return said;
}

/** What was said. The key must be unlocked. Throws [Unbelieved]. */
export async function statements(client: Client, accountId: Id): Promise<Said> {
  const { content } = await fetched(client, accountId);
  return believed(client, content);
}

/** Says something more, or takes it back. Throws [Unbelieved]. */
export async function say(client: Client, accountId: Id, how: (said: Said) => Said): Promise<void> {
  await put(client, accountId, async (content) => how(await believed(client, content)));
}

/** Begins with nothing said, whatever is there. */
export async function startAnew(client: Client, accountId: Id): Promise<void> {
  await put(client, accountId, async () => NOTHING);
}

async function put(client: Client, accountId: Id, next: (content: string | null) => Promise<Said>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      // Each try begins with what is there then.
      // oxlint-disable-next-line no-await-in-loop
      const { content, state } = await fetched(client, accountId);
      // oxlint-disable-next-line no-await-in-loop
      const wanted = await next(content);
      const said = { ...wanted, count: Math.max(wanted.count + 1, seen(client) + 1, Date.now()) };
      // oxlint-disable-next-line no-await-in-loop
      const armored = await protect(utf8(write(ownerOf(client), said)), []);
      // oxlint-disable-next-line no-await-in-loop
      const answer = await client.call("KeyStatements/set", { accountId, ifInState: state, update: { singleton: { content: armored } } });
      const refused = refusedIn(answer);
      if (refused) throw refused;
      remember(client, said.count);
      note(armored);
      return;
    } catch (error) {
      if (!(error instanceof Refused && error.type === "stateMismatch") || tries === TRIES_MAX) throw error;
    }
  }
}

export interface Heard {
  /** Nothing as long as it is not known, or does not count. */
  said: Said | undefined;
  trouble: Error | undefined;
  again: () => void;
}

/** What was said, while the key is unlocked; read anew when something is said in this page. */
export function useStatements(): Heard {
  const { client, accountId } = useOwnStore();
  const unlocked = useUnlocked();
  const said = useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => changes,
  );
  const [count, setCount] = useState(0);
  const [heard, setHeard] = useState<{ said?: Said; trouble?: Error }>({});
  useEffect(() => {
    let ended = false;
    if (unlocked === undefined) setHeard({});
    else statements(client, accountId).then((found) => ended || setHeard({ said: found }), (trouble: Error) => ended || setHeard({ trouble }));
    return () => {
      ended = true;
    };
  }, [client, accountId, unlocked, said, count]);
  return { said: heard.said, trouble: heard.trouble, again: useCallback(() => setCount((before) => before + 1), []) };
}
