// Whose key is which now, of colleagues and of others.

import type { Client } from "../jmap/client";
import type { Id } from "../jmap/types";
import { decode } from "../sealed/octets";
import { colleagues } from "./directory";
import { fingerprintOf } from "./engine";
import type { Side } from "./trust";

/** The keys that these addresses have now: of colleagues by the directory, of others as the organisation knows them. */
export async function keysOf(client: Client, accountId: Id, addresses: string[]): Promise<Side[]> {
  if (addresses.length === 0) return [];
  const found: Side[] = await colleagues(client, accountId, addresses);
  const others = addresses.filter((address) => !found.some((it) => it.address === address));
  const { list } = await client.call("CorrespondentKey/get", { accountId, ids: others });
  const theirs = await Promise.all(list.map(async ({ id, keys, currentFingerprint }) => {
    const key = keys.find(({ fingerprint }) => fingerprint === currentFingerprint);
    if (!key) return [];
    // Read from the key itself.
    const fingerprint = await fingerprintOf(decode(key.certificate));
    return [{ address: id, fingerprint }];
  }));
  return [...found, ...theirs.flat()];
}
