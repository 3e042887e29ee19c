// A request is entered: who asks for what, under which law, and how he proved who he is.

import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { NotShown, useWithFactor } from "../../account/step-up";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import type { Field } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, ScreenPage, useSaid } from "../kit/parts";
import { findPeople } from "../people/find";
import { TypedFields, useTyped } from "./typed";
import { KIND_OPTIONS, LAW_OPTIONS } from "./subjects-screen";

const FIELDS: Field[] = [
  { name: "whose", label: "subject.who", kind: "choice", options: [["outside", "subject.outside"], ["ours", "subject.ours"]] },
  { name: "name", label: "subject.name" },
  { name: "addresses", label: "subject.addresses", hint: "subject.addresses-hint", kind: "lines" },
  { name: "kind", label: "subject.kind", kind: "choice", options: KIND_OPTIONS },
  { name: "law", label: "subject.law", hint: "subject.law-hint", kind: "choice", options: LAW_OPTIONS },
  { name: "received", label: "subject.received", hint: "subject.received-hint", kind: "date", isOptional: true },
  { name: "language", label: "subject.language", kind: "choice", options: [["zh", "proofs.language-zh"], ["en", "proofs.language-en"]] },
  { name: "answer_to", label: "subject.answer-to", hint: "subject.answer-to-hint", kind: "address", isOptional: true },
  { name: "how", label: "subject.how", hint: "subject.how-hint", kind: "long", isOptional: true },
  { name: "note", label: "subject.note", hint: "subject.note-hint", kind: "long", isOptional: true },
];

export default function SubjectNewScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const said = useSaid();
  const { fail } = useNotices();
  const withFactor = useWithFactor();
  const navigate = useNavigate();
  const form = useTyped(FIELDS, { language: said });

  const open = () => {
    const { whose: _, how, note, ...request } = form.typed();
    form.run<{ id: string }>("subject-open", { ...request, note: note ?? "" }, ({ id }) => {
      const show = () => void navigate({ to: `/subjects/of/${id}` as string });
      if (how === null) show();
      else withFactor(() => act("subject-identify", { id, how })).then(show, (error: Error) => {
        // The request is there; how he proved it is noted on its page.
        if (!(error instanceof NotShown)) fail(error);
        show();
      });
    });
  };
  /** Who is said to be ours has an account here: a letter wrong, and he would be looked for as a stranger. */
  const check = async () => {
    const { whose, addresses } = form.typed() as { whose: string; addresses: string[] };
    if (whose !== "ours" || !may("account.read")) return true;
    for (const address of addresses) {
      const wanted = address.toLowerCase();
      const found = await findPeople(wanted, 20);
      if (found.some((person) => person.address === wanted || person.aliases.includes(wanted))) return true;
    }
    form.tell("addresses", t("subject.nobody-ours", { address: addresses[0] ?? "" }));
    return false;
  };
  return (
    <ScreenPage title={t("subject.open")} about={t("subject.open-about")} back={{ to: "/subjects", name: t("subject.title") }}>
      <Block title="subject.request">
        <form
          className="flex max-w-xl flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            check().then((isRight) => isRight && open(), fail);
          }}
        >
          <TypedFields of={form} />
          <div className="flex justify-end"><Button look="first" type="submit" isDisabled={form.isBusy}>{t("subject.open")}</Button></div>
        </form>
      </Block>
    </ScreenPage>
  );
}
