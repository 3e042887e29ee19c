// A form with more than one thing to do with what was typed: to try it, then to set it.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act, Waiting } from "../../account/api";
import { goToSignIn } from "../../account/session";
import { NotShown, useWithFactor } from "../../account/step-up";
import { SignedOut } from "../../jmap/client";
import { useNotices } from "../../ui/notices";
import { type Field, FormField } from "../kit/form";
import { faultyField, type Values, valueOf } from "../kit/values";

/** What is typed into fields, and what the server says of it. */
export function useTyped(fields: Field[], initial: Values = {}) {
  const { t } = useTranslation();
  const { say } = useNotices();
  const withFactor = useWithFactor();
  const [values, setValues] = useState<Values>(() => ({ ...Object.fromEntries(fields.map(({ name, kind, options, isOptional }) => [name, kind === "switch" ? false : kind === "choice" && !isOptional ? (options?.[0]?.[0] ?? "") : ""])), ...initial }));
  const [wrong, setWrong] = useState<{ field: string | undefined; text: string }>();
  const [isBusy, setBusy] = useState(false);
  const typed = () => Object.fromEntries(fields.map((field) => [field.name, valueOf(field, values[field.name] ?? "")]));
  const run = <T,>(action: string, body: object, done: (result: T) => void, waits?: () => void) => {
    setBusy(true);
    setWrong(undefined);
    withFactor(() => act<T>(action, body))
      .then(done, (error: Error) => {
        if (error instanceof SignedOut) void goToSignIn();
        else if (error instanceof Waiting) {
          say(t("account.waiting"));
          waits?.();
        } else if (!(error instanceof NotShown)) setWrong({ field: faultyField(error.message, fields.map(({ name }) => name), values), text: error.message });
      })
      .finally(() => setBusy(false));
  };
  const change = (name: string, value: string | boolean) => {
    setValues((before) => ({ ...before, [name]: value }));
    if (wrong?.field === name) setWrong(undefined);
  };
  /** Says what is wrong with a field before the server is asked. */
  const tell = (field: string, text: string) => setWrong({ field, text });
  return { fields, values, typed, change, run, tell, wrong, isBusy };
}

export function TypedFields({ of: { fields, values, change, wrong } }: { of: Pick<ReturnType<typeof useTyped>, "fields" | "values" | "change" | "wrong"> }) {
  const { t } = useTranslation();
  return (
    <>
      {fields.map((field) => <FormField key={field.name} field={field} value={values[field.name] ?? ""} change={(value) => change(field.name, value)} wrong={wrong?.field === field.name ? wrong.text : undefined} />)}
      {wrong && wrong.field === undefined && <p role="alert" className="text-danger">{t("app.error", { reason: wrong.text })}</p>}
    </>
  );
}
