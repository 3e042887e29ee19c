// As whom one writes, and what stands below: several for one address, as one for each language.

import { lazy, Suspense, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { identityLabel } from "../compose/signature";
import { Refused, refusedIn } from "../jmap/client";
import type { Identity } from "../jmap/types";
import { useOwnStore } from "../store/context";
import { Button } from "../ui/button";
import { useNotices } from "../ui/notices";

const Editor = lazy(() => import("../compose/editor"));

export default function Signatures() {
  const { t } = useTranslation();
  const store = useOwnStore();
  const { say, fail } = useNotices();
  const [chosen, setChosen] = useState(store.identities[0]?.id);
  const identity = store.identities.find(({ id }) => id === chosen) ?? store.identities[0];
  if (!identity) return null;

  const set = async (change: object) => {
    const answer = await store.client.call("Identity/set", { accountId: store.accountId, ...change });
    const refused = refusedIn(answer);
    if (refused) throw refused;
    await store.readIdentities();
    return answer;
  };
  const add = () =>
    set({ create: { added: { name: identity.name, email: identity.email } } }).then((answer) => {
      const id = answer.created?.added?.id;
      if (!id) throw new Refused("notCreated");
      setChosen(id);
    }, fail);
  const remove = () => set({ destroy: [identity.id] }).then(() => setChosen(undefined), fail);
  return (
    <section aria-label={t("settings.signatures")} className="border-t border-line pt-3">
      <h3 className="mb-2 font-semibold">{t("settings.signatures")}</h3>
      <p className="mb-2 text-quiet">{t("settings.signatures-why")}</p>
      <div className="mb-2 flex flex-wrap gap-2">
        <select aria-label={t("compose.from")} value={identity.id} onChange={(event) => setChosen(event.target.value)} className="min-h-8 min-w-0 flex-1 basis-60 rounded-md border border-strong-line bg-paper px-2">
          {store.identities.map((it) => <option key={it.id} value={it.id}>{identityLabel(it)}</option>)}
        </select>
        <Button onPress={add}>{t("settings.signature-add")}</Button>
        {identity.mayDelete && <Button look="danger" onPress={remove}>{t("act.delete")}</Button>}
      </div>
      <Signature key={identity.id} identity={identity} save={(change) => set({ update: { [identity.id]: change } }).then(() => void say(t("settings.saved")), fail)} />
    </section>
  );
}

function Signature({ identity, save }: { identity: Identity; save: (change: Pick<Identity, "name" | "htmlSignature" | "textSignature">) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(identity.name);
  const written = useRef({ html: identity.htmlSignature, text: identity.textSignature });
  const submit = () => {
    const { html, text } = written.current;
    const isEmpty = text.trim() === "";
    save({ name: name.trim(), htmlSignature: isEmpty ? "" : html, textSignature: isEmpty ? "" : text.trim() });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label className="mb-2 flex flex-wrap items-center gap-2">
        <span className="text-quiet">{t("settings.name")}</span>
        <input dir="auto" value={name} maxLength={120} onChange={(event) => setName(event.target.value)} className="min-h-8 min-w-0 flex-1 rounded-md border border-strong-line bg-paper px-2" />
      </label>
      <div className="mb-2 flex max-h-64 flex-col rounded-md border border-strong-line">
        <Suspense fallback={<p className="p-3 text-quiet">{t("app.loading")}</p>}>
          <Editor
            html={identity.htmlSignature || identity.textSignature.split("\n").map((line) => `<p>${line.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</p>`).join("")}
            label={t("settings.signature")}
            focus={false}
            changed={(html, text) => {
              written.current = { html, text: text.replace(/\n{2,}/g, "\n") };
            }}
          />
        </Suspense>
      </div>
      <div className="flex justify-end"><Button look="first" type="submit">{t("folders.save")}</Button></div>
    </form>
  );
}
