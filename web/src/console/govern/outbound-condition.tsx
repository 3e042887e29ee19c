// A condition of a rule, changed by hand: what it is about, what it says, and those within it.

import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button";
import { ChoiceField, ListField, NumberField, PeopleFields, SomeOf, SwitchField } from "./outbound-fields";
import { type Condition, DETECTORS, FILE_KINDS, fresh, LISTS, type Word, wordOf, WORDS } from "./outbound-rule";
import { useCountries } from "./shared";

const options = (words: readonly string[], family: string): [string, string][] => words.map((word) => [word, `outrule.${family}-${word}`]);

export interface Fault {
  at: string;
  text: string;
}

interface Props {
  value: Condition;
  /** Its place in the rule, as the server names it. */
  at: string;
  label: string;
  fault: Fault | undefined;
  change: (value: Condition) => void;
  remove?: (() => void) | undefined;
}

export function ConditionEditor({ value, at, label, fault, change, remove }: Props) {
  const { t } = useTranslation();
  const word = wordOf(value);
  return (
    <div role="group" aria-label={label} className={`flex flex-col gap-2 border-s-2 ps-3 ${fault?.at === at ? "border-danger" : "border-line"}`}>
      <div className="flex flex-wrap items-end gap-2">
        <ChoiceField label="outrule.condition" value={word} options={options(WORDS, "word")} change={(next) => change(fresh(next as Word))} />
        {remove && <Button look="danger" aria-label={t("outrule.drop-one", { name: label })} onPress={remove}>{t("outrule.drop")}</Button>}
      </div>
      {fault?.at === at && <p role="alert" className="text-danger">{fault.text}</p>}
      {/* What was typed into the fields of another word is not this one's. */}
      <Says key={word} value={value} at={at} label={label} fault={fault} change={change} />
    </div>
  );
}

function Says({ value, at, label, fault, change }: Omit<Props, "remove">) {
  if ("all" in value) return <Several word="all" list={value.all} at={at} label={label} fault={fault} change={(all) => change({ all })} />;
  if ("any" in value) return <Several word="any" list={value.any} at={at} label={label} fault={fault} change={(any) => change({ any })} />;
  if ("not" in value) return <ConditionEditor value={value.not} at={`${at}.not`} label={`${label} 1`} fault={fault} change={(not) => change({ not })} />;
  return <Leaf value={value} change={change} />;
}

function Several({ word, list, at, label, fault, change }: { word: "all" | "any"; list: Condition[]; at: string; label: string; fault: Fault | undefined; change: (list: Condition[]) => void }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-3">
      {list.map((it, index) => (
        // Conditions have no names; a place holds the one that stands there.
        // oxlint-disable-next-line react/no-array-index-key
        <ConditionEditor key={`${index} ${list.length}`} value={it} at={`${at}.${word}[${index}]`} label={`${label} ${index + 1}`} fault={fault} change={(next) => change(list.map((old, place) => (place === index ? next : old)))} remove={() => change(list.filter((_, place) => place !== index))} />
      ))}
      <div><Button onPress={() => change([...list, fresh("detect")])}>{t("outrule.more")}</Button></div>
    </div>
  );
}

function Leaf({ value, change }: { value: Condition; change: (value: Condition) => void }) {
  if ("detect" in value) {
    const { what, min } = value.detect;
    return (
      <div className="flex flex-wrap gap-3">
        <ChoiceField label="outrule.what" value={what} options={options(DETECTORS, "what")} change={(next) => change({ detect: { ...value.detect, what: next } })} />
        <NumberField label="outrule.min" value={min} change={(next) => change({ detect: { what, min: next ?? 1 } })} />
      </div>
    );
  }
  if ("keywords" in value) {
    const { words = [], lists = [], min } = value.keywords;
    const set = (next: object) => change({ keywords: { ...value.keywords, ...next } });
    return (
      <div className="flex flex-col gap-2">
        <ListField label="outrule.words" hint="outrule.commas" value={words} change={(next) => set({ words: next })} />
        <SomeOf label="outrule.lists" value={lists} options={options(LISTS, "list")} change={(next) => set({ lists: next })} />
        <NumberField label="outrule.min-words" value={min} change={(next) => set({ min: next ?? 1 })} />
      </div>
    );
  }
  if ("fingerprint" in value) {
    const { marks = [], share } = value.fingerprint;
    const set = (next: object) => change({ fingerprint: { ...value.fingerprint, ...next } });
    return (
      <div className="flex flex-col gap-2">
        <ListField label="outrule.marks-names" hint="outrule.marks-hint" value={marks} change={(next) => set({ marks: next })} />
        <NumberField label="outrule.share" value={share} max={100} change={(next) => set({ share: next ?? 30 })} />
      </div>
    );
  }
  return <LeafOfMail value={value} change={change} />;
}

function LeafOfMail({ value, change }: { value: Condition; change: (value: Condition) => void }) {
  if ("label" in value) return <ListField label="outrule.labels" hint="outrule.commas" value={value.label} change={(label) => change({ label })} />;
  if ("sender" in value) return <PeopleFields value={value.sender} change={(sender) => change({ sender })} />;
  if ("recipient-domain" in value) {
    const { domains = [], personal = false } = value["recipient-domain"];
    const set = (next: object) => change({ "recipient-domain": { ...value["recipient-domain"], ...next } });
    return (
      <div className="flex flex-col gap-2">
        <SwitchField label="outrule.personal-switch" value={personal} change={(next) => set({ personal: next })} />
        <ListField label="outrule.domains" hint="outrule.domains-hint" value={domains} change={(next) => set({ domains: next })} />
      </div>
    );
  }
  if ("recipient-country" in value) return <CountriesField value={value["recipient-country"]} change={(next) => change({ "recipient-country": next })} />;
  if ("outside" in value) return <ChoiceField label="outrule.whether" value={String(value.outside)} options={[["true", "outrule.outside-true"], ["false", "outrule.outside-false"]]} change={(next) => change({ outside: next === "true" })} />;
  if ("unreadable" in value) return <ChoiceField label="outrule.whether" value={String(value.unreadable)} options={[["true", "outrule.unreadable-true"], ["false", "outrule.unreadable-false"]]} change={(next) => change({ unreadable: next === "true" })} />;
  if ("lookalike-recipient" in value) return <ChoiceField label="outrule.whether" value={String(value["lookalike-recipient"])} options={[["true", "outrule.alike-true"], ["false", "outrule.alike-false"]]} change={(next) => change({ "lookalike-recipient": next === "true" })} />;
  if ("recipients-above" in value) return <NumberField label="outrule.above" value={value["recipients-above"]} change={(next) => change({ "recipients-above": next ?? 1 })} />;
  if ("attachment" in value) return <AttachmentFields value={value.attachment} change={(attachment) => change({ attachment })} />;
  return null;
}

function CountriesField({ value, change }: { value: string[]; change: (value: string[]) => void }) {
  const { t } = useTranslation();
  const all = useCountries();
  return (
    <div className="flex flex-wrap items-end gap-2">
      <ChoiceField label="outrule.country-add" value="" options={[["", "outrule.choose"], ...all.filter(([code]) => !value.includes(code))]} change={(code) => code !== "" && change([...value, code])} />
      {value.map((code) => <Button key={code} icon="close" aria-label={t("outrule.drop-one", { name: code })} onPress={() => change(value.filter((it) => it !== code))}>{all.find(([known]) => known === code)?.[1] ?? code}</Button>)}
    </div>
  );
}

type Attachment = Extract<Condition, { attachment: unknown }>["attachment"];

function AttachmentFields({ value, change }: { value: Attachment; change: (value: Attachment) => void }) {
  const set = (next: Attachment) => {
    const { "larger-kib": larger, locked, ...rest } = { ...value, ...next };
    change({ ...rest, ...(larger === undefined ? {} : { "larger-kib": larger }), ...(locked === undefined ? {} : { locked }) });
  };
  const locked = value.locked === undefined ? "" : String(value.locked);
  return (
    <div className="flex flex-col gap-2">
      <SomeOf label="outrule.kinds" value={value.kinds ?? []} options={options(FILE_KINDS, "kind")} change={(kinds) => set({ kinds })} />
      <ListField label="outrule.names" hint="outrule.names-hint" value={value.names ?? []} change={(names) => set({ names })} />
      <div className="flex flex-wrap gap-3">
        <NumberField label="outrule.larger" value={value["larger-kib"]} change={(larger) => set({ "larger-kib": larger } as Attachment)} />
        <ChoiceField label="outrule.locked" value={locked} options={[["", "kit.any"], ["true", "outrule.locked-true"], ["false", "outrule.locked-false"]]} change={(next) => set({ locked: next === "" ? undefined : next === "true" } as Attachment)} />
      </div>
    </div>
  );
}
