// What a dangerous message says, as words: nothing of it is drawn or loaded. Who reads others' mail needs their leave, or a grant.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { goToSignIn } from "../../account/session";
import { NotShown, useWithFactor } from "../../account/step-up";
import { size } from "../../i18n/format";
import { SignedOut } from "../../jmap/client";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { FormButton } from "../kit/form";
import { useMay, useMe } from "../kit/me";
import { Block } from "../kit/parts";
import { octetsOf } from "../kit/remote";
import { type Plain, readPlain } from "./plain";

export function Preview({ id, people }: { id: string; people: string[] }) {
  const { t } = useTranslation();
  const { address: own } = useMe();
  const withFactor = useWithFactor();
  const [chosen, setChosen] = useState(people.includes(own) ? own : (people[0] ?? ""));
  const [read, setRead] = useState<Plain>();
  const [refused, setRefused] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  if (people.length === 0) return null;
  const look = () => {
    setBusy(true);
    setRefused(undefined);
    withFactor(() => act<{ base64: string }>("quarantine-message", { id, address: chosen }))
      .then(({ base64 }) => readPlain(octetsOf(base64)))
      .then(setRead, (error: Error) => {
        if (error instanceof SignedOut) void goToSignIn();
        else if (!(error instanceof NotShown)) setRefused(error.message);
      })
      .finally(() => setBusy(false));
  };
  return (
    <Block title="preview.title">
      <p className="mb-2 text-quiet">{t("preview.about")}</p>
      {read ? <Read of={read} /> : (
        <div className="flex flex-wrap items-end gap-2">
          {people.length > 1 && (
            <label className="flex flex-col">
              <span className="text-quiet">{t("preview.whose")}</span>
              <select className="min-h-8 rounded-md border border-strong-line bg-paper px-2" value={chosen} onChange={(event) => setChosen(event.target.value)}>
                {people.map((it) => <option key={it} value={it}>{it}</option>)}
              </select>
            </label>
          )}
          <Button isDisabled={isBusy} onPress={look}>{t("preview.look")}</Button>
        </div>
      )}
      {refused !== undefined && <Ask why={refused} address={chosen} />}
    </Block>
  );
}

/** Content is its reader's: whoever looks after the quarantine asks for a grant, which a second person gives and the owner is told of. */
function Ask({ why, address }: { why: string; address: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const { say } = useNotices();
  return (
    <div role="alert" className="mt-2 flex flex-wrap items-center gap-2">
      <p className="max-w-2xl">{t("preview.not-yours", { address })} <span className="text-quiet">{why}</span></p>
      {may("grant.ask") && (
        <FormButton
          label="preview.ask"
          action="grant-ask"
          submit="preview.ask"
          fixed={{ address, mailboxes: [], received_from: null, received_before: null, hold: null }}
          fields={[
            { name: "reason", label: "preview.reason", hint: "preview.reason-hint", kind: "long" },
            { name: "hours", label: "preview.hours", kind: "number", min: 1, max: 72 },
          ]}
          initial={{ hours: "2" }}
          done={() => say(t("preview.asked"))}
        />
      )}
    </div>
  );
}

function Read({ of: { text, links, files } }: { of: Plain }) {
  const { t, i18n } = useTranslation();
  return (
    <div className="flex flex-col gap-3">
      {/* A long text is moved within its own frame, by keys too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre role="group" tabIndex={0} dir="auto" aria-label={t("preview.text")} className="max-h-96 overflow-auto rounded-md border border-line bg-ground p-3 font-sans whitespace-pre-wrap">{text.trim() === "" ? t("preview.empty") : text}</pre>
      {links.length > 0 && (
        <div>
          <h3 className="font-medium">{t("preview.links", { count: links.length })}</h3>
          <ul>
            {links.map((link) => (
              <li key={`${link.words} ${link.url}`} className="border-t border-line py-1">
                <bdi>{link.words === "" ? t("preview.no-words") : link.words}</bdi> → <code dir="ltr" className={link.isFalse ? "font-semibold text-danger" : "text-quiet"}>{link.url}</code>
                {link.isFalse && <span className="ms-2 text-danger">{t("preview.false")}</span>}
              </li>
            ))}
          </ul>
        </div>
      )}
      {files.length > 0 && (
        <div>
          <h3 className="font-medium">{t("preview.files", { count: files.length })}</h3>
          <ul>{files.map((file) => <li key={`${file.name} ${file.bytes}`} className="border-t border-line py-1"><bdi>{file.name === "" ? t("preview.no-name") : file.name}</bdi> <span className="text-quiet"><bdi dir="ltr">{file.type}</bdi>, {size(file.bytes, i18n.language)}</span></li>)}</ul>
        </div>
      )}
    </div>
  );
}
