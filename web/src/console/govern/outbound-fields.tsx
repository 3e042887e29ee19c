// Small fields of the form for rules: several words, people, choices of several, numbers.

import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { People } from "./outbound-rule";
import { ROLES } from "./roles";
import { words } from "../kit/words";

export const box = "min-h-8 min-w-0 rounded-md border border-strong-line bg-paper px-2";

/** A list that is typed with commas or line ends between. */
export function ListField({ label, hint, value, change }: { label: string; hint?: string; value: string[]; change: (value: string[]) => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState(() => value.join(", "));
  return (
    <div className="flex flex-col">
      <label htmlFor={id} className="text-quiet">{t(label)}</label>
      <input
        id={id}
        dir="auto"
        className={`${box} w-full`}
        value={typed}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => {
          setTyped(event.target.value);
          change(partsOf(event.target.value));
        }}
      />
      {hint && <span id={`${id}-hint`} className="text-quiet">{t(hint)}</span>}
    </div>
  );
}

/** What stands between commas, of Chinese too. */
export const partsOf = (text: string): string[] => text.split(/[,;\n\uFF0C\u3001\uFF1B]/).map((it) => it.trim()).filter((it) => it !== "");

export function NumberField({ label, value, min = 1, max, change }: { label: string; value: number | undefined; min?: number; max?: number; change: (value: number | undefined) => void }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className="flex flex-col">
      <label htmlFor={id} className="text-quiet">{t(label)}</label>
      <input id={id} type="number" min={min} max={max} className={`${box} w-28`} value={value ?? ""} onChange={(event) => change(event.target.value === "" ? undefined : Number(event.target.value))} />
    </div>
  );
}

export function ChoiceField({ label, value, options, change }: { label: string; value: string; options: [string, string][]; change: (value: string) => void }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className="flex max-w-full flex-col">
      <label htmlFor={id} className="text-quiet">{t(label)}</label>
      <select id={id} className={`${box} max-w-full`} value={value} onChange={(event) => change(event.target.value)}>
        {options.map(([option, name]) => <option key={option} value={option}>{words(t, name)}</option>)}
      </select>
    </div>
  );
}

/** Some of several. */
export function SomeOf({ label, value, options, change }: { label: string; value: string[]; options: [string, string][]; change: (value: string[]) => void }) {
  const { t } = useTranslation();
  return (
    <fieldset className="min-w-0">
      <legend className="text-quiet">{t(label)}</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {options.map(([option, name]) => (
          <label key={option} className="flex min-h-6 items-center gap-2">
            <input type="checkbox" className="size-4 accent-accent" checked={value.includes(option)} onChange={(event) => change(event.target.checked ? [...value, option] : value.filter((it) => it !== option))} />
            {words(t, name)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function SwitchField({ label, value, change }: { label: string; value: boolean; change: (value: boolean) => void }) {
  const { t } = useTranslation();
  return (
    <label className="flex min-h-6 items-center gap-2">
      <input type="checkbox" className="size-4 accent-accent" checked={value} onChange={(event) => change(event.target.checked)} />
      {t(label)}
    </label>
  );
}

/** People of the organisation, by address, group or role. */
export function PeopleFields({ value, change }: { value: People; change: (value: People) => void }) {
  return (
    <div className="flex flex-col gap-2">
      <ListField label="outrule.accounts" hint="outrule.commas" value={value.accounts ?? []} change={(accounts) => change({ ...value, accounts })} />
      <ListField label="outrule.groups" value={value.groups ?? []} change={(groups) => change({ ...value, groups })} />
      <SomeOf label="outrule.roles" value={value.roles ?? []} options={ROLES} change={(roles) => change({ ...value, roles })} />
    </div>
  );
}
