// Second factors: those that are there, new ones, recovery codes.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Qr } from "../ui/qr";
import { act, beginFactor, type Begun, enrollable, type Factor, finishFactor } from "./api";
import { Line, Section, Told, useDeed, useTold, When } from "./section";
import { CodeField, useWithFactor } from "./step-up";
import { makeCredential } from "./webauthn";

interface Known {
  factors: Factor[];
  recovery_codes: number;
}

export function Factors({ address }: { address: string }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<Known>("factor-list", { address }));
  const known = useTold(read);
  const deed = useDeed();
  const [kinds, setKinds] = useState<Factor["kind"][]>();
  const [codes, setCodes] = useState<string[]>();

  const makeCodes = () => deed(() => act<{ recovery_codes: string[] }>("factor-recovery-codes", { address }), (made) => {
    setCodes(made.recovery_codes);
    known.again();
  });
  return (
    <Section title={t("account.factors")} beside={<Button onPress={() => deed(enrollable, setKinds)}>{t("factor.add")}</Button>}>
      <Told of={known}>
        {({ factors, recovery_codes: left }) => (
          <>
            {factors.length === 0 && <p>{t("factor.none")}</p>}
            <ul>
              {factors.map((factor) => (
                <Line key={factor.id} name={factor.label} facts={<><span>{t(`factor.kind-${factor.kind}`)}</span>{factor.hint && <span dir="ltr">{factor.hint}</span>}<span>{t("account.last-used")} <When at={factor.used} /></span></>}>
                  <Button look="danger" aria-label={t("factor.remove-one", { name: factor.label })} onPress={() => deed(() => act("factor-remove", { address, id: factor.id }), known.again)}>{t("factor.remove")}</Button>
                </Line>
              ))}
            </ul>
            {factors.length > 0 && (
              <p className="flex flex-wrap items-center justify-between gap-2 border-t border-line pt-2">
                <span className={left < 3 ? "text-warning" : "text-quiet"}>{t("factor.codes-left", { count: left })}</span>
                <Button onPress={makeCodes}>{t("factor.codes-make")}</Button>
              </p>
            )}
          </>
        )}
      </Told>
      <Dialog title={t("factor.add")} isOpen={kinds !== undefined} close={() => setKinds(undefined)}>
        {kinds && (
          <Enrol
            kinds={kinds}
            done={(made) => {
              setKinds(undefined);
              if (made.length > 0) setCodes(made);
              known.again();
            }}
          />
        )}
      </Dialog>
      <Dialog title={t("factor.codes")} isOpen={codes !== undefined} close={() => setCodes(undefined)}>
        <p className="mb-3">{t("factor.codes-why")}</p>
        <ul className="grid grid-cols-1 gap-1 rounded-md bg-ground p-3 sm:grid-cols-2" data-recovery-codes="">
          {codes?.map((code) => <li key={code}><code dir="ltr">{code}</code></li>)}
        </ul>
        <div className="mt-3 flex justify-end gap-2">
          <Button onPress={() => void navigator.clipboard.writeText((codes ?? []).join("\n"))}>{t("account.copy")}</Button>
          <Button look="first" onPress={() => setCodes(undefined)}>{t("factor.codes-kept")}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function Enrol({ kinds, done }: { kinds: Factor["kind"][]; done: (codes: string[]) => void }) {
  const { t } = useTranslation();
  const withFactor = useWithFactor();
  const [kind, setKind] = useState(kinds[0] ?? "totp");
  const [label, setLabel] = useState("");
  const [number, setNumber] = useState("");
  const [code, setCode] = useState("");
  const [begun, setBegun] = useState<Begun>();
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  const finish = async (challenge: string, answer: { code?: string; credential?: unknown }) => done((await finishFactor(kind, challenge, answer)).recovery_codes);
  const begin = async () => {
    const next = await withFactor(() => beginFactor(kind, label.trim(), kind === "sms" ? number : undefined));
    const options = next.options?.publicKey ?? next.options;
    if (options) await finish(next.challenge, { credential: await makeCredential(options) });
    else setBegun(next);
  };
  const goOn = () => {
    setBusy(true);
    setWrong(undefined);
    const work = begun ? finish(begun.challenge, kind === "ukey" ? {} : { code: code.trim() }) : begin();
    work.catch((error: Error) => setWrong(error.message)).finally(() => setBusy(false));
  };
  if (kinds.length === 0) return <p>{t("factor.no-kinds")}</p>;
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        goOn();
      }}
    >
      {begun ? (
        <Shown begun={begun} kind={kind} code={code} change={setCode} />
      ) : (
        <>
          <fieldset>
            <legend className="mb-1 text-quiet">{t("factor.which")}</legend>
            {kinds.map((it) => (
              <label key={it} className="flex items-start gap-2 py-1">
                <input type="radio" name="kind" className="mt-1 accent-accent" checked={kind === it} onChange={() => setKind(it)} />
                {t(`factor.kind-${it}`)}: {t(`factor.about-${it}`)}
              </label>
            ))}
          </fieldset>
          <label className="flex flex-wrap items-center justify-between gap-2">
            <span className="text-quiet">{t("factor.label")}</span>
            <input dir="auto" required maxLength={60} value={label} onChange={(event) => setLabel(event.target.value)} className="min-h-8 w-60 max-w-full rounded-md border border-strong-line bg-paper px-2" />
          </label>
          {kind === "sms" && (
            <label className="flex flex-wrap items-center justify-between gap-2">
              <span className="text-quiet">{t("factor.number")}</span>
              <input dir="ltr" type="tel" required maxLength={30} autoComplete="tel" value={number} onChange={(event) => setNumber(event.target.value)} className="min-h-8 w-60 max-w-full rounded-md border border-strong-line bg-paper px-2" />
            </label>
          )}
        </>
      )}
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
      <div className="flex justify-end"><Button look="first" type="submit" isDisabled={isBusy}>{t("factor.go-on")}</Button></div>
    </form>
  );
}

/** What is to be typed into an app, or was sent. */
function Shown({ begun, kind, code, change }: { begun: Begun; kind: string; code: string; change: (code: string) => void }) {
  const { t } = useTranslation();
  return (
    <>
      {begun.secret && (
        <>
          <p>{t("factor.scan")}</p>
          {begun.qr && <Qr {...begun.qr} label={t("factor.qr")} />}
          <p>
            {t("factor.type-key")} <code dir="ltr" className="break-all">{begun.secret}</code>
          </p>
        </>
      )}
      {begun.number && <p>{t("factor.sms-sent", { number: begun.number })}</p>}
      {kind === "ukey" ? <p>{t("factor.show-certificate")}</p> : <CodeField value={code} change={change} />}
    </>
  );
}
