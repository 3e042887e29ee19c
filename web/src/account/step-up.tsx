// A strong factor is shown before something that needs one is done again.

import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { beginShowing, showFactor, StepUp, whoIsSignedIn } from "./api";
import { showCredential } from "./webauthn";

/** Somebody did not want to show a factor. */
export class NotShown extends Error {}

type WithFactor = <T>(work: () => Promise<T>) => Promise<T>;

const Context = createContext<WithFactor | undefined>(undefined);

/** Does something that may need a strong factor; asks for one where it does. Throws [NotShown] if none was shown. */
export function useWithFactor(): WithFactor {
  const work = useContext(Context);
  if (!work) throw new Error("nothing above this component asks for a factor");
  return work;
}

interface Asking {
  means: string[];
  shown: () => void;
  given: (error: Error) => void;
}

export function StepUpProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Asking>();
  const pending = useRef<Promise<void>>(undefined);
  const withFactor = useCallback<WithFactor>(async (work) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StepUp)) throw error;
    }
    const ask = async () => {
      const { means } = await whoIsSignedIn();
      try {
        await new Promise<void>((shown, given) => setAsking({ means, shown, given }));
      } finally {
        setAsking(undefined);
      }
    };
    // A page that reads several things at once asks once for all of them.
    pending.current ??= ask().finally(() => {
      pending.current = undefined;
    });
    await pending.current;
    return work();
  }, []);
  return (
    <Context.Provider value={useMemo(() => withFactor, [withFactor])}>
      {children}
      <Dialog title={t("factor.show")} isOpen={asking !== undefined} close={() => asking?.given(new NotShown())}>
        {asking && (asking.means.length > 0 ? <Showing {...asking} /> : <NoneToShow />)}
      </Dialog>
    </Context.Provider>
  );
}

/** Where the account is looked after. */
export const ACCOUNT = "/mail/account";

function NoneToShow() {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-3">
      <p>{t("factor.none-to-show")}</p>
      {location.pathname !== ACCOUNT && <a href={ACCOUNT} className="text-accent underline">{t("factor.none-add")}</a>}
    </div>
  );
}

function Showing({ means, shown }: Asking) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(means[0] ?? "");
  const [challenge, setChallenge] = useState<string>();
  const [sentTo, setSentTo] = useState<string>();
  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setWrong(undefined);
    work().catch((error: Error) => setWrong(error.message)).finally(() => setBusy(false));
  };
  const choose = (next: string) => {
    setChosen(next);
    setSentTo(undefined);
    setChallenge(undefined);
    setCode("");
  };
  const byKey = () =>
    run(async () => {
      const begun = await beginShowing("webauthn");
      const options = begun.options?.publicKey ?? begun.options;
      if (!options) return;
      await showFactor("webauthn", { challenge: begun.challenge, credential: await showCredential(options) });
      shown();
    });
  const sendSms = () =>
    run(async () => {
      const begun = await beginShowing("sms");
      setChallenge(begun.challenge);
      setSentTo(begun.number);
    });
  const answer = () =>
    run(async () => {
      await showFactor(chosen, chosen === "ukey" ? {} : { challenge, code: code.trim() });
      shown();
    });
  const hasCode = chosen === "totp" || chosen === "recovery" || (chosen === "sms" && sentTo !== undefined);
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (hasCode || chosen === "ukey") answer();
      }}
    >
      <p>{t("factor.show-why")}</p>
      {means.length > 1 && (
        <label className="flex flex-wrap items-center justify-between gap-2">
          <span className="text-quiet">{t("factor.show-by")}</span>
          <select className="min-h-8 rounded-md border border-strong-line bg-paper px-2" value={chosen} onChange={(event) => choose(event.target.value)}>
            {means.map((it) => <option key={it} value={it}>{t(`factor.means-${it}`)}</option>)}
          </select>
        </label>
      )}
      {sentTo && <p>{t("factor.sms-sent", { number: sentTo })}</p>}
      {hasCode && <CodeField value={code} change={setCode} />}
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
      <div className="flex justify-end gap-2">
        {chosen === "webauthn" && <Button look="first" isDisabled={isBusy} onPress={byKey}>{t("factor.use-key")}</Button>}
        {chosen === "sms" && <Button isDisabled={isBusy} onPress={sendSms}>{t("factor.send-sms")}</Button>}
        {(hasCode || chosen === "ukey") && <Button look="first" type="submit" isDisabled={isBusy}>{t("factor.go-on")}</Button>}
      </div>
    </form>
  );
}

export function CodeField({ value, change }: { value: string; change: (value: string) => void }) {
  const { t } = useTranslation();
  return (
    <label className="flex flex-wrap items-center justify-between gap-2">
      <span className="text-quiet">{t("factor.code")}</span>
      <input dir="ltr" required autoComplete="one-time-code" maxLength={40} value={value} onChange={(event) => change(event.target.value)} className="min-h-8 w-44 rounded-md border border-strong-line bg-paper px-2" />
    </label>
  );
}
