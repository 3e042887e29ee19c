// What somebody has said of keys, as text that is signed: which keys of others are verified, which entries of the directory are one's own.

export interface Verified {
  /** Canonical. */
  address: string;
  fingerprint: string;
  at: string;
}

export interface Said {
  /** Grows with each change, at least to the milliseconds since 1970, so that an older state is seen to be one. */
  count: number;
  verified: Verified[];
  /** Fingerprints of keys that are the owner's own, besides the one that signs. */
  own: string[];
}

export const NOTHING: Said = { count: 0, verified: [], own: [] };

/** Nothing else that the owner signs begins so. */
const HEAD = "tradewind key statements 1\n";

export const write = (owner: string, { count, verified, own }: Said): string => HEAD + JSON.stringify({ owner, count, verified, own });

const isText = (value: unknown): value is string => typeof value === "string";
const isVerified = (value: unknown): value is Verified => {
  const { address, fingerprint, at } = (value ?? {}) as Partial<Verified>;
  return isText(address) && isText(fingerprint) && isText(at);
};

/** Reads it; nothing if it is no such text, or of another owner. */
export function read(text: string, owner: string): Said | undefined {
  if (!text.startsWith(HEAD)) return undefined;
  try {
    const said = JSON.parse(text.slice(HEAD.length)) as Partial<Said> & { owner?: string };
    const { count, verified, own } = said;
    if (said.owner !== owner || !Number.isSafeInteger(count) || !Array.isArray(verified) || !verified.every(isVerified) || !Array.isArray(own) || !own.every(isText)) return undefined;
    return { count: count as number, verified, own };
  } catch {
    return undefined;
  }
}

/** Whether this key of somebody was verified: "changed" if it was another one. */
export type Trust = "verified" | "changed" | "never";

export function trustOf({ verified }: Said, address: string, fingerprint: string): Trust {
  const found = verified.find((it) => it.address === address);
  if (!found) return "never";
  return found.fingerprint === fingerprint ? "verified" : "changed";
}

export function verify(said: Said, now: Verified): Said {
  return { ...withdraw(said, now.address), verified: [...withdraw(said, now.address).verified, now] };
}

export const withdraw = (said: Said, address: string): Said => ({ ...said, verified: said.verified.filter((it) => it.address !== address) });

export const claim = (said: Said, fingerprints: string[]): Said => ({ ...said, own: [...new Set([...said.own, ...fingerprints])] });
