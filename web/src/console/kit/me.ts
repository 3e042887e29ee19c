// Who looks at the console, and what he may do.

import { createContext, useContext } from "react";

export interface Me {
  address: string;
  name: string;
  organisation: string;
  level: "basic" | "enhanced" | "trade";
  /** Whether there is no other organisation on this system. */
  alone: boolean;
  rights: string[];
}

const Context = createContext<Me | undefined>(undefined);

export const MeProvider = Context.Provider;

export function useMe(): Me {
  const me = useContext(Context);
  if (!me) throw new Error("nobody looks at this component");
  return me;
}

/** Whether one of the rights is held over the organisation. The server decides again at each request. */
export function useMay(): (...rights: string[]) => boolean {
  const { rights: held } = useMe();
  return (...rights) => rights.some((right) => held.includes(right));
}
