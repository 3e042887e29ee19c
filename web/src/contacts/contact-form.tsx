// What is known of somebody, to be written down.

import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { BadAddress, parseAddresses } from "../compose/addresses";
import { Button } from "../ui/button";
import { countries } from "./countries";
import type { Person } from "./card";

const field = "min-h-8 w-full rounded-md border border-strong-line bg-paper px-2";

export function ContactForm({ person, keep, cancel }: { person: Person; keep: (person: Person) => void; cancel: () => void }) {
  const { t, i18n } = useTranslation();
  const [now, setNow] = useState({ ...person, emails: person.emails.join("\n"), phones: person.phones.join("\n") });
  const [wrong, setWrong] = useState<string>();
  const change = (part: Partial<typeof now>) => {
    setWrong(undefined);
    setNow((before) => ({ ...before, ...part }));
  };
  const lands = useMemo(() => countries(i18n.language), [i18n.language]);
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone"), []);
  const lines = (text: string) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const submit = () => {
    try {
      const emails = parseAddresses(lines(now.emails).join(", ")).map(({ email }) => email);
      if (now.name.trim() === "" && emails.length === 0) setWrong(t("contact.needs-name"));
      else keep({ ...now, name: now.name.trim() || (emails[0] ?? ""), company: now.company.trim(), title: now.title.trim(), note: now.note.trim(), emails, phones: lines(now.phones) });
    } catch (error) {
      if (!(error instanceof BadAddress)) throw error;
      setWrong(t("compose.bad-address", { text: error.text }));
    }
  };
  return (
    <form
      className="flex max-w-2xl flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Field name={t("contact.name")}><input dir="auto" maxLength={200} value={now.name} onChange={(event) => change({ name: event.target.value })} className={field} /></Field>
      <Field name={t("contact.emails-lines")}><textarea dir="ltr" rows={2} value={now.emails} onChange={(event) => change({ emails: event.target.value })} className={field} /></Field>
      <Field name={t("contact.company")}><input dir="auto" maxLength={200} value={now.company} onChange={(event) => change({ company: event.target.value })} className={field} /></Field>
      <Field name={t("contact.title")}><input dir="auto" maxLength={200} value={now.title} onChange={(event) => change({ title: event.target.value })} className={field} /></Field>
      <Field name={t("contact.phones-lines")}><textarea dir="ltr" rows={2} value={now.phones} onChange={(event) => change({ phones: event.target.value })} className={field} /></Field>
      <Field name={t("contact.country")}>
        <select value={now.country} onChange={(event) => change({ country: event.target.value })} className={field}>
          <option value="">{t("contact.unknown")}</option>
          {lands.map(({ code, name }) => <option key={code} value={code}>{name}</option>)}
        </select>
      </Field>
      <Field name={t("contact.zone")}>
        <select value={now.zone} onChange={(event) => change({ zone: event.target.value })} className={field}>
          <option value="">{t("contact.unknown")}</option>
          {now.zone !== "" && !zones.includes(now.zone) && <option value={now.zone}>{now.zone}</option>}
          {zones.map((zone) => <option key={zone} value={zone}>{zone.replaceAll("_", " ")}</option>)}
        </select>
      </Field>
      <Field name={t("contact.note")}><textarea dir="auto" rows={3} value={now.note} onChange={(event) => change({ note: event.target.value })} className={field} /></Field>
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
      <div className="flex justify-end gap-2">
        <Button onPress={cancel}>{t("act.cancel")}</Button>
        <Button look="first" type="submit">{t("folders.save")}</Button>
      </div>
    </form>
  );
}

function Field({ name, children }: { name: string; children: ReactNode }) {
  return (
    // The field is the child.
    // oxlint-disable-next-line jsx-a11y/label-has-associated-control
    <label className="flex flex-col gap-1">
      <span className="text-quiet">{name}</span>
      {children}
    </label>
  );
}
