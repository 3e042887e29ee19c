// How a message is protected: the choice between forms.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { addressesIn } from "../compose/recipient-protection";
import { KEYS } from "../jmap/types";
import { useStore } from "../store/context";
import { type Offer, offerFor } from "./offer";

/** Recipients are asked about when nobody has typed for so long. */
const ASK_AFTER_MS = 500;

/** What the server says of these recipients; nothing as long as it is not known. */
export function useOffer(fields: string[]): Offer | undefined {
  const wanted = addressesIn(fields).join("\n");
  const [offer, setOffer] = useState<Offer>();
  useEffect(() => {
    const ended = new AbortController();
    const ask = () =>
      void offerFor(wanted === "" ? [] : wanted.split("\n")).then(
        (told) => ended.signal.aborted || setOffer(told),
        // Without an answer nothing is promised.
        () => ended.signal.aborted || setOffer(undefined),
      );
    const timer = setTimeout(ask, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [wanted]);
  return offer;
}

/** The choice in the composer. Other than the usual way is another form, which saves no draft. */
export function ProtectionChoice({ fields, choose }: { fields: string[]; choose: (form: "portal" | "end") => void }) {
  const { t } = useTranslation();
  const offer = useOffer(fields);
  const hasKeys = KEYS in useStore().client.session.capabilities;
  if (!offer || !(offer.enabled || hasKeys)) return null;
  return (
    <div className="border-t border-line px-4 py-1.5">
      <label className="flex flex-wrap items-center gap-2">
        <span className="text-quiet">{t("secure.protection")}</span>
        <select value="usual" onChange={(event) => (event.target.value === "portal" || event.target.value === "end") && choose(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2">
          <option value="usual">{t("secure.usual")}</option>
          {hasKeys && <option value="end">{t("secure.end")}</option>}
          {offer.enabled && <option value="portal">{t("secure.portal")}</option>}
        </select>
      </label>
    </div>
  );
}
