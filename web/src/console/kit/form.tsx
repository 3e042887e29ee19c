// A form that carries out an action. The server judges what was typed; what it finds wrong stands beside the field, and nothing typed is
// lost.

import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { goToSignIn } from "../../account/session";
import { act, Waiting } from "../../account/api";
import { NotShown, useWithFactor } from "../../account/step-up";
import { SignedOut } from "../../jmap/client";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { useNotices } from "../../ui/notices";
import { base64Of } from "./remote";
import { faultyField, type Values, valueOf } from "./values";
import { words } from "./words";

export interface Field {
  name: string;
  /** Its name in the catalogue. */
  label: string;
  /** What helps to fill it in, in the catalogue. */
  hint?: string;
  /** A file is sent as its octets in Base64. */
  kind?: "text" | "address" | "number" | "lines" | "long" | "choice" | "switch" | "date" | "file" | "secret";
  /** Value and name of each choice, in the catalogue or as it is. */
  options?: [string, string][];
  /** Whether it may stay empty; it is sent as nothing then. */
  isOptional?: boolean;
  min?: number;
  max?: number;
  /** What files there are to choose. */
  accept?: string;
}

interface FormProps<T> {
  action: string;
  fields: Field[];
  /** What stands in the fields at first. */
  initial?: Values;
  /** What is sent beside the fields. */
  fixed?: object;
  /** Makes what is sent of what was typed, where fields alone do not. */
  body?: (values: Record<string, unknown>) => object;
  /** The word on the button. */
  submit: string;
  done?: (result: T) => void;
  look?: "first" | "danger";
  /** The field that the server's words are about, where names and values do not tell; nothing for the form as a whole. */
  about?: (words: string) => string | undefined;
  /** The field that words are about which name none. */
  usual?: string;
  /** What helps with what is wrong with the form as a whole. */
  help?: (words: string) => ReactNode;
  children?: ReactNode;
}

export function ActForm<T = unknown>({ action, fields, initial = {}, fixed = {}, body, submit, done, look = "first", about, usual, help, children }: FormProps<T>) {
  const { t } = useTranslation();
  const { say } = useNotices();
  const withFactor = useWithFactor();
  const [values, setValues] = useState<Values>(() => ({ ...Object.fromEntries(fields.map(({ name, kind, options, isOptional }) => [name, kind === "switch" ? false : kind === "choice" && !isOptional ? (options?.[0]?.[0] ?? "") : ""])), ...initial }));
  const [wrong, setWrong] = useState<{ field: string | undefined; text: string }>();
  const [isBusy, setBusy] = useState(false);
  const change = (name: string, value: string | boolean) => {
    setValues((before) => ({ ...before, [name]: value }));
    if (wrong?.field === name) setWrong(undefined);
  };
  const send = () => {
    const typed = Object.fromEntries(fields.map((field) => [field.name, valueOf(field, values[field.name] ?? "")]));
    setBusy(true);
    setWrong(undefined);
    withFactor(() => act<T>(action, { ...fixed, ...(body ? body(typed) : typed) }))
      .then(
        (result) => done?.(result),
        (error: Error) => {
          if (error instanceof SignedOut) void goToSignIn();
          else if (error instanceof Waiting) {
            say(t("account.waiting"));
            done?.({} as T);
          } else if (!(error instanceof NotShown)) setWrong({ field: about ? about(error.message) : (faultyField(error.message, fields.map(({ name }) => name), values) ?? usual), text: error.message });
        },
      )
      .finally(() => setBusy(false));
  };
  return (
    <form
      noValidate={false}
      aria-busy={isBusy}
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        // The button stays in use: what is disabled loses the focus, and whoever works by keys the place.
        if (!isBusy) send();
      }}
    >
      {fields.map((field) => <FormField key={field.name} field={field} value={values[field.name] ?? ""} change={(value) => change(field.name, value)} wrong={wrong?.field === field.name ? wrong.text : undefined} />)}
      {children}
      {wrong && wrong.field === undefined && <div role="alert" className="flex flex-wrap items-center gap-2"><span className="text-danger">{t("app.error", { reason: wrong.text })}</span>{help?.(wrong.text)}</div>}
      <div className="flex justify-end gap-2">
        <Button look={look} type="submit">{t(submit)}</Button>
      </div>
    </form>
  );
}

const box = "min-h-8 w-full min-w-0 rounded-md border bg-paper px-2";

export function FormField({ field, value, change, wrong }: { field: Field; value: string | boolean; change: (value: string | boolean) => void; wrong?: string | undefined }) {
  const { t } = useTranslation();
  const id = useId();
  const { kind = "text", label, hint, options, isOptional = false } = field;
  const look = `${box} ${wrong === undefined ? "border-strong-line" : "border-danger"}`;
  const common = { id, required: !isOptional, "aria-invalid": wrong !== undefined, "aria-describedby": `${id}-hint` };
  if (kind === "switch") {
    return (
      <div>
        <label className="flex items-start gap-2">
          <input type="checkbox" className="mt-0.5 size-4 accent-accent" checked={value === true} aria-describedby={`${id}-hint`} onChange={(event) => change(event.target.checked)} />
          <span>{t(label)}</span>
        </label>
        <Beside id={id} hint={hint} wrong={wrong} />
      </div>
    );
  }
  const text = String(value);
  return (
    <div className="flex flex-col">
      <label htmlFor={id} className="font-medium">{t(label)}{isOptional && <span className="ms-1 font-normal text-quiet">{t("kit.optional")}</span>}</label>
      {kind === "choice" ? (
        <select {...common} className={look} value={text} onChange={(event) => change(event.target.value)}>
          {isOptional && <option value="">{t("kit.none")}</option>}
          {options?.map(([option, name]) => <option key={option} value={option}>{words(t, name)}</option>)}
        </select>
      ) : kind === "lines" || kind === "long" ? (
        <textarea {...common} dir="auto" rows={kind === "long" ? 6 : 3} className={`${look} py-1`} value={text} onChange={(event) => change(event.target.value)} />
      ) : kind === "file" ? (
        <input {...common} type="file" accept={field.accept} className={look} onChange={(event) => void event.target.files?.[0]?.arrayBuffer().then((octets) => change(base64Of(new Uint8Array(octets))))} />
      ) : (
        <input {...common} type={kind === "number" ? "number" : kind === "date" ? "date" : kind === "secret" ? "password" : "text"} autoComplete={kind === "secret" ? "new-password" : "off"} dir={kind === "address" ? "ltr" : "auto"} min={field.min} max={field.max} className={look} value={text} onChange={(event) => change(event.target.value)} />
      )}
      <Beside id={id} hint={hint} wrong={wrong} />
    </div>
  );
}

function Beside({ id, hint, wrong }: { id: string; hint: string | undefined; wrong: string | undefined }) {
  const { t } = useTranslation();
  return (
    <div id={`${id}-hint`}>
      {wrong !== undefined && <p role="alert" className="text-danger">{wrong}</p>}
      {hint && <p className="text-quiet">{t(hint)}</p>}
    </div>
  );
}

/** A button that opens a form in a dialog, and closes it when the action was carried out. */
export function FormButton<T = unknown>({ label, name, title, look, done, ...form }: Omit<FormProps<T>, "look"> & { label: string; name?: string; title?: string; look?: "plain" | "first" | "danger" }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <Button look={look ?? "plain"} {...(name === undefined ? {} : { "aria-label": `${t(label)}: ${name}` })} onPress={() => setOpen(true)}>{t(label)}</Button>
      <Dialog title={t(title ?? label)} isOpen={isOpen} close={close}>
        <ActForm<T>
          {...form}
          look={look === "danger" ? "danger" : "first"}
          done={(result) => {
            close();
            done?.(result);
          }}
        />
      </Dialog>
    </>
  );
}

/** A button that carries out an action at once, or, with `ask`, after it has told what will happen. */
export function ActButton<T = unknown>({ action, body = {}, label, name, ask, look = "plain", done, said }: { action: string; body?: object; label: string; name?: string; ask?: ReactNode; look?: "plain" | "first" | "danger"; done?: (result: T) => void; said?: string }) {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const withFactor = useWithFactor();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const run = () => {
    setAsking(false);
    setBusy(true);
    withFactor(() => act<T>(action, body))
      .then(
        (result) => {
          if (said) say(t(said));
          done?.(result);
        },
        (error: Error) => {
          if (error instanceof SignedOut) void goToSignIn();
          else if (error instanceof Waiting) say(t("account.waiting"));
          else if (!(error instanceof NotShown)) fail(error);
        },
      )
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Button look={look} isDisabled={isBusy} {...(name === undefined ? {} : { "aria-label": `${t(label)}: ${name}` })} onPress={() => (ask === undefined ? run() : setAsking(true))}>{t(label)}</Button>
      {ask !== undefined && (
        <Dialog title={t(label)} isOpen={isAsking} close={() => setAsking(false)}>
          <div className="flex flex-col gap-3">
            <div>{ask}</div>
            <div className="flex justify-end gap-2">
              <Button onPress={() => setAsking(false)}>{t("kit.cancel")}</Button>
              <Button look={look === "danger" ? "danger" : "first"} onPress={run}>{t(label)}</Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}
