// What the owner has said of the key of somebody elsewhere, as far as his own key is unlocked. It is the server that encrypts to it and checks its
// signatures, so this tells only whether the key is the one that was compared.

import { useEffect, useState } from "react";
import { useOwnStore } from "../store/context";
import { keysOf } from "./current-keys";
import { canonical } from "./directory";
import { useStatements } from "./statements";
import { StatementsTrouble, Trust } from "./trust";

/** Without a fingerprint, of the key that is encrypted to now. */
export default function PartnerTrust({ address: given, fingerprint: named }: { address: string; fingerprint?: string }) {
  const { client, accountId } = useOwnStore();
  const heard = useStatements();
  const isHeard = heard.said !== undefined;
  const address = canonical(given);
  const [current, setCurrent] = useState<string>();
  useEffect(() => {
    if (!isHeard || named !== undefined) return undefined;
    let ended = false;
    // Without an answer nothing is said of it.
    keysOf(client, accountId, [address]).then(([found]) => ended || setCurrent(found?.fingerprint), () => {});
    return () => {
      ended = true;
    };
  }, [client, accountId, address, named, isHeard]);
  const fingerprint = named ?? current;
  return (
    <>
      {heard.said && fingerprint !== undefined && <Trust theirs={{ address, fingerprint }} said={heard.said} />}
      <StatementsTrouble of={heard} />
    </>
  );
}
