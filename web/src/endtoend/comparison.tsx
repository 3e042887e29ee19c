// Two people compare their keys: by a number that both see, by its code, or by fingerprints. What comes of it is said under one's own key.

import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { grouped } from "../i18n/format";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";
import { Qr } from "../ui/qr";
import { useUnlocked } from "./engine";
import { codeOf, compare, type Scanned, safetyNumber } from "./safety-number";
import { type Said, trustOf, verify, withdraw } from "./said";
import { say } from "./statements";
import type { Side } from "./trust";

const Scanner = lazy(() => import("./scanner"));

interface Picture {
  side: number;
  path: string;
}

/** Light squares around a code. */
const BORDER = 4;

async function pictureOf(code: string): Promise<Picture> {
  const { encodeQR } = await import("qr");
  const rows = encodeQR(code, "raw", { ecc: "medium", border: BORDER });
  const dark = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { side: rows.length, path: dark.join("") };
}

/** The number that both sides see, with its code. */
function useNumber(own: string, theirs: string): { number: string; picture: Picture } | undefined {
  const [made, setMade] = useState<{ number: string; picture: Picture }>();
  useEffect(() => {
    let ended = false;
    const work = async () => {
      const number = await safetyNumber(own, theirs);
      const picture = await pictureOf(codeOf(number));
      if (!ended) setMade({ number, picture });
    };
    void work();
    return () => {
      ended = true;
    };
  }, [own, theirs]);
  return made;
}

interface Props {
  theirs: Side;
  said: Said;
  close: () => void;
}

export default function Comparison(props: Props) {
  const { t } = useTranslation();
  const own = useUnlocked();
  return own === undefined ? <p>{t("end.compare-locked")}</p> : <Compared {...props} own={own} />;
}

function Compared({ theirs, said, close, own }: Props & { own: string }) {
  const { t } = useTranslation();
  const { client, accountId } = useOwnStore();
  const notices = useNotices();
  const made = useNumber(own, theirs.fingerprint);
  const [isScanning, setScanning] = useState(false);
  const [scanned, setScanned] = useState<Scanned>();
  const [isBusy, setBusy] = useState(false);
  const { address, fingerprint } = theirs;
  const tell = (how: (said: Said) => Said, done: string) => {
    setBusy(true);
    say(client, accountId, how).then(() => {
      notices.say(done);
      close();
    }, notices.fail).finally(() => setBusy(false));
  };
  const mark = () => tell((before) => verify(before, { address, fingerprint, at: new Date().toISOString() }), t("end.now-verified", { address }));
  const found = (code: string) => {
    if (!made) return;
    const outcome = compare(code, made.number, fingerprint);
    setScanned(outcome);
    setScanning(false);
    if (outcome === "same") mark();
  };
  const isKnown = said.verified.some((it) => it.address === address);
  return (
    <div className="flex flex-col gap-3">
      <p>{t("end.compare-explain", { address })}</p>
      {made && (
        <>
          <Qr {...made.picture} label={t("end.number-code")} />
          <p aria-label={t("end.number")} role="group" dir="ltr" className="self-center text-center font-mono text-[16px] tabular-nums">
            {[0, 20, 40].map((at) => <span key={at} className="block">{grouped(made.number.slice(at, at + 20), 5)}</span>)}
          </p>
        </>
      )}
      <details className="text-quiet">
        <summary className="w-fit">{t("end.fingerprints")}</summary>
        <dl>
          <dt>{t("end.fingerprint-theirs", { address })}</dt>
          <dd><code dir="ltr" className="break-words">{grouped(fingerprint)}</code></dd>
          <dt>{t("end.fingerprint-own")}</dt>
          <dd><code dir="ltr" className="break-words">{grouped(own)}</code></dd>
        </dl>
      </details>
      {isScanning && <Suspense fallback={<p className="text-quiet">{t("app.loading")}</p>}><Scanner found={found} /></Suspense>}
      {scanned && scanned !== "same" && <p role="alert" className="rounded-md bg-warning-ground px-3 py-1.5 text-warning">{t(`end.scanned-${scanned}`, { address })}</p>}
      <div className="flex flex-wrap justify-end gap-2">
        {isKnown && <Button look="danger" isDisabled={isBusy} onPress={() => tell((before) => withdraw(before, address), t("end.now-withdrawn", { address }))}>{t("end.withdraw")}</Button>}
        {!isScanning && <Button isDisabled={isBusy || !made} onPress={() => setScanning(true)}>{t("end.scan")}</Button>}
        {trustOf(said, address, fingerprint) !== "verified" && <Button look="first" isDisabled={isBusy || !made || scanned === "different"} onPress={mark}>{t("end.numbers-same")}</Button>}
      </div>
    </div>
  );
}
