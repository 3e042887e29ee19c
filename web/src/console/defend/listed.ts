// Entries of the allow and deny lists.

export interface Listed {
  id: string;
  list: "allow" | "deny";
  kind: "address" | "domain" | "network" | "key";
  value: string;
  owner: string;
  reason: string;
  since: string;
  expires: string | null;
  unauthenticated: boolean;
  despite_policy: boolean;
}

/** What a text names: an address, a network, a key, or else a domain. */
export function kindOf(text: string): Listed["kind"] {
  if (text.includes("@")) return "address";
  if (text.includes("._domainkey.")) return "key";
  if (/^[\d.]+(?:\/\d+)?$/.test(text) || text.includes(":")) return "network";
  return "domain";
}

const DAY_MS = 86_400_000;
/** Days before its end in which an entry is looked at again. */
const SOON_DAYS = 14;

/** How long an entry holds: for ever, long, soon over. */
export function holdsFor({ expires }: Pick<Listed, "expires">, now: Date): "ever" | "long" | "soon" | "over" {
  if (expires === null) return "ever";
  const days = (new Date(expires).getTime() - now.getTime()) / DAY_MS;
  if (days <= 0) return "over";
  return days <= SOON_DAYS ? "soon" : "long";
}
