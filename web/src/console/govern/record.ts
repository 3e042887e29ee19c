// A record of the audit log, and whether it is what it says, checked here.

import { Alarm, checkRecord, hex, openCheckpoint, type Proof, sha256 } from "../../endtoend/log";
import { utf8 } from "../../sealed/octets";

/** What `audit-prove` gives. */
export interface Proven {
  record: string;
  proof: Proof;
  checkpoint: string;
  disclosed: { salt: string; text: string } | null;
}

/** What the log itself has: it names nobody. */
export interface Leaf {
  id: string;
  at: string;
  organisation: string;
  actor: string;
  action: string;
  outcome: string;
  commitment: string;
}

export const leafOf = (record: string): Leaf => JSON.parse(record) as Leaf;
/** What was recorded beside it, as long as it is kept. */
export const toldOf = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

export type Check = "signed" | "in-log" | "same-text";

/** What holds of a record and what does not: each check by itself, as an outsider would do it. */
export async function checksOf({ record, proof, checkpoint, disclosed }: Proven, key: string): Promise<[Check, boolean][]> {
  const holds = async (work: () => Promise<unknown>) => {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof Alarm) return false;
      throw error;
    }
  };
  const checks: [Check, boolean][] = [
    ["signed", await holds(() => openCheckpoint(checkpoint, key))],
    ["in-log", await holds(async () => checkRecord(record, proof, await openCheckpoint(checkpoint, key)))],
  ];
  if (disclosed) checks.push(["same-text", hex(await sha256(utf8(disclosed.salt), utf8(disclosed.text))) === leafOf(record).commitment]);
  return checks;
}
