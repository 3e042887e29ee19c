// What was found of a message when it came (docs/jmap.md, MessageProtection): who signed it, whether that is who wrote it, how it was encrypted.

import type { TFunction } from "i18next";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useUnlocked } from "../endtoend/engine";
import { grouped, longDate } from "../i18n/format";
import { type MessageProtection, PROTECTION } from "../jmap/types";
import { useStore } from "../store/context";
import { Icon } from "../ui/icon";

const PartnerTrust = lazy(() => import("../endtoend/partner-trust"));

type Signature = MessageProtection["signatures"][number];

/** Reasons that have words of their own. */
const REASONS = new Set([
  "altered", "no-signature", "wrong-author", "other-address", "other-recipient", "unknown-key", "untrusted", "expired", "not-yet-valid", "future", "revoked",
  "revocation-unknown", "weak", "wrong-use", "no-certificate", "unsupported", "a-part-alone", "partly-covered",
]);

/** Why a message stayed closed, as far as it has words of its own. */
const TROUBLES = new Set(["not-for-us", "undecipherable", "without-integrity", "altered", "a-part-alone", "too-large"]);

/** What a signature is worth, in words. */
export function signatureWords(it: Signature, t: TFunction): string {
  const name = it.signer ?? it.address ?? (it.fingerprint ? grouped(it.fingerprint.slice(-16)) : t("sealed.somebody"));
  if (it.result === "pass") return t(it.revocation === "unchecked" ? "sealed.signed-by-unchecked" : "sealed.signed-by", { name });
  const reason = it.reason && REASONS.has(it.reason) ? it.reason : "other";
  return t(`sealed.because-${reason}`, { name });
}

/** `author` is the address of the message's author, if it has one. */
export function SealedNote({ id, author }: { id: string; author: string | undefined }) {
  const { t } = useTranslation();
  const { client, accountId } = useStore();
  const isOffered = PROTECTION in client.session.capabilities;
  const [found, setFound] = useState<MessageProtection>();
  useEffect(() => {
    if (!isOffered) return undefined;
    let ended = false;
    client.call("MessageProtection/get", { accountId, ids: [id] }).then(
      ({ list }) => ended || setFound(list[0]),
      // Without an answer nothing is said of it.
      () => undefined,
    );
    return () => {
      ended = true;
    };
  }, [client, accountId, isOffered, id]);
  if (!found || (found.signatures.length === 0 && !found.encryption)) return null;
  return (
    <section aria-label={t("sealed.title")} className="mb-2">
      <ul>
        {found.signatures.map((it) => <SignatureLine key={`${it.kind} ${it.serial} ${it.fingerprint} ${it.result}`} of={it} author={author} />)}
        {found.encryption && <EncryptionLines of={found.encryption} />}
      </ul>
      {found.connection && <p className="text-quiet">{found.connection.tls ? t("sealed.way-tls", { tls: found.connection.tls }) : t("sealed.way-clear")}</p>}
    </section>
  );
}

function SignatureLine({ of, author }: { of: Signature; author: string | undefined }) {
  const { t, i18n } = useTranslation();
  const unlocked = useUnlocked();
  const holds = of.result === "pass";
  const isUnknown = of.result === "none" || of.result === "neutral";
  return (
    <li data-result={of.result} className={`flex items-start gap-2 ${holds || isUnknown ? "" : "rounded-md bg-warning-ground px-2 py-1 text-warning"}`}>
      <Icon name={holds ? "seal" : "junk"} />
      <div className="min-w-0">
        <details>
          <summary className="w-fit">{signatureWords(of, t)}</summary>
          <dl className="grid grid-cols-[auto_1fr] gap-x-4">
            <Row label={t("sealed.kind")} value={of.kind === "smime" ? "S/MIME" : "OpenPGP"} />
            <Row label={t("sealed.signer")} value={of.signer} />
            <Row label={t("sealed.address")} value={of.address} />
            <Row label={t("sealed.issuer")} value={of.issuer} />
            <Row label={t("sealed.until")} value={of.validUntil && longDate(of.validUntil, i18n.language)} />
            <Row label={t("sealed.revocation")} value={of.revocation && t(`sealed.revocation-${of.revocation}`)} />
            <Row label={t("sealed.serial")} value={of.serial} />
            <Row label={t("end.fingerprint")} value={of.fingerprint && grouped(of.fingerprint)} />
            <Row label={t("sealed.from-matches")} value={of.fromMatches === null ? null : t(of.fromMatches ? "sealed.yes" : "sealed.no")} />
          </dl>
        </details>
        {unlocked && of.fromMatches && of.kind === "openpgp" && author && of.fingerprint && <Suspense><PartnerTrust address={author} fingerprint={of.fingerprint} /></Suspense>}
      </div>
    </li>
  );
}

function EncryptionLines({ of }: { of: NonNullable<MessageProtection["encryption"]> }) {
  const { t } = useTranslation();
  const kind = of.kind === "smime" ? "S/MIME" : "OpenPGP";
  if (!of.isOpened) {
    const trouble = of.trouble && TROUBLES.has(of.trouble) ? of.trouble : "other";
    return <li className="flex items-start gap-2 text-warning"><Icon name="lock" />{t(`sealed.closed-${trouble}`, { kind })}</li>;
  }
  return (
    <>
      <li className="flex items-start gap-2"><Icon name="lock" />{t("sealed.encrypted", { kind, cipher: of.cipher ?? "" })}</li>
      {of.mayBeAltered && <li className="text-warning">{t("sealed.may-be-altered")}</li>}
      {of.hasOtherAuthor && <li className="text-warning">{t("sealed.other-author")}</li>}
      {of.differing.length > 0 && <li className="text-warning">{t("sealed.differing", { names: of.differing.join(", ") })}</li>}
    </>
  );
}

function Row({ label, value }: { label: string; value: string | null | undefined }) {
  if (!value) return null;
  return (
    <div className="contents">
      <dt className="text-quiet">{label}</dt>
      <dd dir="auto" className="break-words">{value}</dd>
    </div>
  );
}
