// Keys of the account: those of OpenPGP and of S/MIME, as they are kept here (docs/openpgp.md, docs/smime.md).

import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { saveFile } from "../folders/export";
import { grouped } from "../i18n/format";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { act } from "./api";
import { Line, Section, Told, useDeed, useTold, When } from "./section";

const ChangePassphrase = lazy(() => import("../endtoend/change-passphrase"));
const OwnSection = lazy(() => import("../endtoend/own-section"));

interface PgpKey {
  fingerprint: string;
  state: "active" | "retired";
  custody: "server" | "owner";
  published: boolean;
  since: string;
  expires: string | null;
  algorithms: string;
  trouble: string | null;
}

interface SmimeKey {
  id: string;
  subject: string;
  addresses: string[];
  key: string;
  fingerprint: string;
  until: string;
}

type Switch =
  | { on: false }
  | { on: true; method: "openpgp" | "smime"; fingerprint: string; since: string; expires: string | null; trouble: "expired" | "revoked" | "retired" | "gone" | "unusable" | null };

const base64 = async (file: File) => btoa(Array.from(new Uint8Array(await file.arrayBuffer()), (octet) => String.fromCharCode(octet)).join(""));

type Asked = { name: string; go: () => void } | undefined;

export function Keys({ address }: { address: string }) {
  const { t } = useTranslation();
  const [asked, ask] = useState<Asked>();
  return (
    <>
      <OpenPgp address={address} ask={ask} />
      <Smime address={address} ask={ask} />
      <OnReceipt address={address} />
      <Dialog title={t("key.remove")} isOpen={asked !== undefined} close={() => ask(undefined)}>
        <p className="mb-2"><code dir="ltr" className="break-all">{asked?.name}</code></p>
        <p>{t("key.remove-why")}</p>
        <div className="mt-3 flex justify-end gap-2">
          <Button onPress={() => ask(undefined)}>{t("act.cancel")}</Button>
          <Button
            look="danger"
            onPress={() => {
              asked?.go();
              ask(undefined);
            }}
          >
            {t("key.remove")}
          </Button>
        </div>
      </Dialog>
    </>
  );
}

interface KeyListProps<T> {
  title: string;
  why: string;
  beside: ReactNode;
  known: ReturnType<typeof useTold<T[]>>;
  below: ReactNode;
  children: (key: T) => ReactNode;
}

/** Keys of one kind; beside the title, how others come to them; below, the dialogs of that. */
function KeyList<T>({ title, why, beside, known, below, children }: KeyListProps<T>) {
  const { t } = useTranslation();
  return (
    <Section title={title} beside={<span className="flex flex-wrap gap-2">{beside}</span>}>
      <p className="mb-2 text-quiet">{why}</p>
      <Told of={known}>{(all) => (all.length === 0 ? <p className="text-quiet">{t("key.none")}</p> : <ul>{all.map(children)}</ul>)}</Told>
      {below}
    </Section>
  );
}

function OpenPgp({ address, ask }: { address: string; ask: (asked: Asked) => void }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<PgpKey[]>("openpgp-list", { address }));
  const known = useTold(read);
  const deed = useDeed();
  const [bringing, setBringing] = useState(false);
  const [changing, setChanging] = useState(false);
  const { say } = useNotices();
  const on = (action: string, key: PgpKey, more: object = {}) => deed(() => act(action, { address, key_id: key.fingerprint, ...more }), known.again);
  const keep = (key: PgpKey) => deed(
    () => act<{ key: string }>("openpgp-export", { address, key_id: key.fingerprint }),
    (made) => saveFile(new Blob([made.key], { type: "application/pgp-keys" }), `${address}.asc`),
  );
  const beside = (
    <>
      <Button onPress={() => setBringing(true)}>{t("key.bring")}</Button>
      <Button onPress={() => deed(() => act("openpgp-make", { address }), known.again)}>{t("key.make")}</Button>
    </>
  );
  const below = (
    <>
      <Dialog title={t("end.change")} isOpen={changing} close={() => setChanging(false)}>
        <Suspense>
          <ChangePassphrase
            address={address}
            done={() => {
              setChanging(false);
              say(t("end.changed-passphrase"));
            }}
          />
        </Suspense>
      </Dialog>
      <Dialog title={t("key.bring")} isOpen={bringing} close={() => setBringing(false)}>
        <Bring
          bring={(key, passphrase) => {
            setBringing(false);
            deed(() => act("openpgp-import", { address, key, ...(passphrase && { passphrase }) }), known.again);
          }}
        />
      </Dialog>
    </>
  );
  return (
    <>
      <KeyList
        title={t("key.openpgp")}
        why={t("key.openpgp-why")}
        beside={beside}
        known={known}
        below={below}
      >
        {(key) => (
          <Line
            key={key.fingerprint}
            name={<code dir="ltr" className="break-words">{grouped(key.fingerprint)}</code>}
            facts={
              <>
                <span>{t(`key.state-${key.state}`)}</span>
                <span>{t(`key.custody-${key.custody}`)}</span>
                <span>{t(key.published ? "key.published" : "key.not-published")}</span>
                {key.algorithms && <span dir="ltr">{key.algorithms}</span>}
                <span>{t("key.until")} <When at={key.expires} /></span>
                {key.trouble && <span className="text-warning">{key.trouble}</span>}
              </>
            }
          >
            <span className="flex flex-wrap gap-2">
              <Button onPress={() => keep(key)}>{t("key.save")}</Button>
              {key.state === "active" && <Button onPress={() => on("openpgp-publish", key, { on: !key.published })}>{t(key.published ? "key.unpublish" : "key.publish")}</Button>}
              {key.state === "active" && key.custody === "owner" && <Button onPress={() => on("receipt-on", key, { method: "openpgp" })}>{t("key.receipt-use")}</Button>}
              {key.state === "active" && key.custody === "owner" && <Button onPress={() => setChanging(true)}>{t("end.change")}</Button>}
              {key.state === "active" && <Button onPress={() => on("openpgp-retire", key)}>{t("key.retire")}</Button>}
              <Button look="danger" onPress={() => ask({ name: grouped(key.fingerprint), go: () => on("openpgp-remove", key) })}>{t("key.remove")}</Button>
            </span>
          </Line>
        )}
      </KeyList>
      <Suspense><OwnSection key={known.told?.map(({ fingerprint, state }) => fingerprint + state).join()} /></Suspense>
    </>
  );
}

function Bring({ bring }: { bring: (key: string, passphrase: string) => void }) {
  const { t } = useTranslation();
  const [key, setKey] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const isPrivate = key.includes("BEGIN PGP PRIVATE KEY");
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        bring(key, passphrase);
      }}
    >
      <p>{t("key.bring-why")}</p>
      <label className="flex flex-col gap-1">
        <span className="text-quiet">{t("key.armored")}</span>
        <textarea required dir="ltr" rows={8} spellCheck={false} value={key} onChange={(event) => setKey(event.target.value)} className="rounded-md border border-strong-line bg-paper p-2 font-mono" />
      </label>
      {isPrivate && (
        <label className="flex flex-wrap items-center justify-between gap-2">
          <span className="text-quiet">{t("key.passphrase")}</span>
          <input type="password" autoComplete="off" value={passphrase} onChange={(event) => setPassphrase(event.target.value)} className="min-h-8 w-60 max-w-full rounded-md border border-strong-line bg-paper px-2" />
        </label>
      )}
      <div className="flex justify-end"><Button look="first" type="submit">{t("key.bring")}</Button></div>
    </form>
  );
}

function Smime({ address, ask }: { address: string; ask: (asked: Asked) => void }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<SmimeKey[]>("smime-keys", { address }));
  const known = useTold(read);
  const deed = useDeed();
  const [bringing, setBringing] = useState(false);
  const beside = (
    <>
      <Button onPress={() => setBringing(true)}>{t("key.bring-file")}</Button>
      <Button onPress={() => deed(() => act("smime-request", { address }), known.again)}>{t("key.request")}</Button>
    </>
  );
  const below = (
    <>
      <Dialog title={t("key.bring-file")} isOpen={bringing} close={() => setBringing(false)}>
        <BringFile
          bring={(file, password) => {
            setBringing(false);
            deed(() => act("smime-import", { address, file, ...(password && { password }) }), known.again);
          }}
        />
      </Dialog>
    </>
  );
  return (
    <KeyList
      title={t("key.smime")}
      why={t("key.smime-why")}
      beside={beside}
      known={known}
      below={below}
    >
      {(key) => (
        <Line
          key={key.id}
          name={key.subject}
          facts={
            <>
              <span dir="ltr">{key.key}</span>
              <span>{t("key.until")} <When at={key.until} /></span>
              <code dir="ltr" className="break-words">{grouped(key.fingerprint)}</code>
            </>
          }
        >
          <Button look="danger" onPress={() => ask({ name: key.subject, go: () => deed(() => act("smime-remove", { address, id: key.id }), known.again) })}>{t("key.remove")}</Button>
        </Line>
      )}
    </KeyList>
  );
}

function BringFile({ bring }: { bring: (file: string, password: string) => void }) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File>();
  const [password, setPassword] = useState("");
  const go = async () => {
    if (!file) return;
    bring(await base64(file), password);
  };
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void go();
      }}
    >
      <label className="flex flex-wrap items-center justify-between gap-2">
        <span className="text-quiet">{t("key.file")}</span>
        <input type="file" required accept=".p12,.pfx,.pem" onChange={(event) => setFile(event.target.files?.[0])} className="max-w-full" />
      </label>
      <label className="flex flex-wrap items-center justify-between gap-2">
        <span className="text-quiet">{t("key.passphrase")}</span>
        <input type="password" autoComplete="off" value={password} onChange={(event) => setPassword(event.target.value)} className="min-h-8 w-60 max-w-full rounded-md border border-strong-line bg-paper px-2" />
      </label>
      <div className="flex justify-end"><Button look="first" type="submit" isDisabled={!file}>{t("key.bring-file")}</Button></div>
    </form>
  );
}

function OnReceipt({ address }: { address: string }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<Switch>("receipt-show", { address }));
  const known = useTold(read);
  const deed = useDeed();
  const [choosing, setChoosing] = useState(false);
  const [file, setFile] = useState<File>();
  const certify = async () => {
    if (!file) return;
    const certificate = await base64(file);
    setChoosing(false);
    deed(() => act("receipt-on", { address, method: "smime", certificate }), known.again);
  };
  return (
    <Section title={t("key.receipt")} beside={<Button onPress={() => setChoosing(true)}>{t("key.receipt-certificate")}</Button>}>
      <p className="mb-2 text-quiet">{t("key.receipt-why")}</p>
      <Told of={known}>
        {(told) =>
          told.on ? (
            <ul>
              <Line
                name={<code dir="ltr" className="break-words">{grouped(told.fingerprint)}</code>}
                facts={
                  <>
                    <span>{told.method === "openpgp" ? "OpenPGP" : "S/MIME"}</span>
                    <span>{t("key.receipt-is-on")} <When at={told.since} /></span>
                    <span>{t("key.until")} <When at={told.expires} /></span>
                    {told.trouble && <span role="alert" className="text-danger">{t(`key.receipt-trouble-${told.trouble}`)}</span>}
                  </>
                }
              >
                <Button onPress={() => deed(() => act("receipt-off", { address }), known.again)}>{t("key.receipt-off")}</Button>
              </Line>
            </ul>
          ) : (
            <p>{t("key.receipt-is-off")}</p>
          )
        }
      </Told>
      <Dialog title={t("key.receipt-certificate")} isOpen={choosing} close={() => setChoosing(false)}>
        <form
          className="flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            void certify();
          }}
        >
          <p>{t("key.receipt-certificate-why")}</p>
          <input type="file" required accept=".pem,.cer,.crt,.der" aria-label={t("key.receipt-certificate")} onChange={(event) => setFile(event.target.files?.[0])} className="max-w-full" />
          <div className="flex justify-end"><Button look="first" type="submit" isDisabled={!file}>{t("key.receipt-certificate")}</Button></div>
        </form>
      </Dialog>
    </Section>
  );
}
