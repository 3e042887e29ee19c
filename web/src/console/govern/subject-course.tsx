// What keeps a request going: who asks is known, it takes longer, it is refused, it ends.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import type { Hold } from "./holds-screen";
import { Remark, useAsked } from "./shared";
import { covers, urgency, type Whole } from "./subject";

export function Course({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  if (of.state !== "open" || !may("subject.change")) return null;
  const { id } = of;
  return (
    <>
      <FormButton
        label="subject.identify"
        action="subject-identify"
        submit="kit.keep"
        fixed={{ id }}
        initial={{ how: of.identity?.how ?? "", answer_to: of.answer_to }}
        fields={[{ name: "how", label: "subject.how", hint: "subject.how-hint", kind: "long" }, { name: "answer_to", label: "subject.answer-to", kind: "address" }]}
        done={again}
      />
      {of.extension === null && urgency(of) !== "over" && (
        <FormButton label="subject.extend" action="subject-extend" submit="subject.extend" fixed={{ id }} fields={[{ name: "reason", label: "subject.extend-reason", hint: "subject.extend-hint", kind: "long" }]} done={again}>
          <p className="text-quiet">{t(`subject.extend-${of.law}`)}</p>
        </FormButton>
      )}
      <Refuse of={of} again={again} />
      <FormButton label="subject.withdraw" action="subject-close" submit="subject.withdraw" fixed={{ id, withdrawn: true }} fields={[{ name: "note", label: "subject.withdraw-note", kind: "long" }]} done={again} />
      {of.carried_out && (
        <FormButton label="subject.close" look="first" action="subject-close" submit="subject.close" fixed={{ id, withdrawn: false }} fields={[{ name: "note", label: "subject.close-note", hint: "subject.close-hint", kind: "long", isOptional: true }]} body={({ note }) => ({ note: note ?? "" })} done={again}>
          <p className="text-quiet">{t("subject.close-what")}</p>
        </FormButton>
      )}
    </>
  );
}

/** Refused with a reason; a legal hold that stands against it is named to whoever asks. */
function Refuse({ of, again }: { of: Whole; again: () => void }) {
  const may = useMay();
  return may("hold.read") ? <RefuseByHold of={of} again={again} /> : <RefuseForm of={of} again={again} holds={[]} />;
}

function RefuseByHold({ of, again }: { of: Whole; again: () => void }) {
  const { told } = useAsked<Hold[]>("hold-list", {});
  return <RefuseForm of={of} again={again} holds={(told ?? []).filter((hold) => covers(hold, of.addresses))} />;
}

function RefuseForm({ of, again, holds }: { of: Whole; again: () => void; holds: Hold[] }) {
  const { t } = useTranslation();
  const [hold, setHold] = useState("");
  return (
    <FormButton label="subject.refuse" look="danger" action="subject-refuse" submit="subject.refuse" fixed={{ id: of.id, hold: hold === "" ? null : hold }} fields={[{ name: "reason", label: "subject.refuse-reason", hint: "subject.refuse-hint", kind: "long" }]} done={again}>
      {holds.length > 0 && (
        <label className="flex flex-col">
          <span className="font-medium">{t("subject.hold")}</span>
          <select className="min-h-8 rounded-md border border-strong-line bg-paper px-2" value={hold} onChange={(event) => setHold(event.target.value)}>
            <option value="">{t("kit.none")}</option>
            {holds.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
          </select>
          <span className="text-quiet">{t("subject.hold-hint")}</span>
        </label>
      )}
      <p className="text-quiet">{t("subject.refuse-what")}</p>
    </FormButton>
  );
}

/** A hold that stands against an erasure, before anybody asks for it. */
export function Held({ of }: { of: Whole }) {
  const { t } = useTranslation();
  const { told } = useAsked<Hold[]>("hold-list", {});
  const holds = (told ?? []).filter((hold) => covers(hold, of.addresses));
  if (holds.length === 0) return null;
  return <Remark tone="warning">{t("subject.held", { names: holds.map(({ name, begun }) => `${name} (${begun.slice(0, 10)})`).join("; ") })}</Remark>;
}
