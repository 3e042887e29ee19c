// The store as screens reach it.

import { createContext, useContext, useSyncExternalStore } from "react";
import type { MailStore } from "./store";

const Context = createContext<MailStore | undefined>(undefined);
const Own = createContext<MailStore | undefined>(undefined);

export const StoreProvider = Context.Provider;

/** What is written is kept in the own account and sent from there, whichever is looked at. */
export const OwnStoreProvider = Own.Provider;

/** The store; the caller is drawn again when anything in it changes. */
export function useStore(): MailStore {
  const store = useContext(Context);
  if (!store) throw new Error("no store above this component");
  useSyncExternalStore(store.subscribe, store.snapshot);
  return store;
}

/** The store of the own account. */
export function useOwnStore(): MailStore {
  const store = useContext(Own);
  if (!store) throw new Error("no own store above this component");
  useSyncExternalStore(store.subscribe, store.snapshot);
  return store;
}
