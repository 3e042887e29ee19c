// One rule: when it holds, and what is done then.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { folderName, folders } from "../mail/folder-name";
import { inOrder } from "../labels/label";
import { useOwnStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { type Action, ACTIONS, type Condition, conditionOf, FIELDS, type Rule, type Typed, typedOf, wrongAction } from "./rule";

const field = "min-h-8 min-w-0 rounded-md border border-strong-line bg-paper px-2";

export function RuleForm({ rule, keep, cancel }: { rule: Rule; keep: (rule: Rule) => void; cancel: () => void }) {
  const { t } = useTranslation();
  const [now, setNow] = useState({ ...rule, typed: rule.conditions.map(typedOf) });
  const [wrong, setWrong] = useState<string>();
  const change = (part: Partial<typeof now>) => {
    setWrong(undefined);
    setNow((before) => ({ ...before, ...part }));
  };
  const at = <T,>(all: T[], index: number, part: Partial<T>) => all.map((it, place) => (place === index ? { ...it, ...part } : it));
  const submit = () => {
    const read = now.typed.map(conditionOf);
    const key = now.name.trim() === "" ? "rules.no-name" : (read.find((it) => typeof it === "string") ?? now.actions.map(wrongAction).find((it) => it !== undefined) ?? (now.actions.length === 0 ? "rules.no-actions" : undefined));
    if (typeof key === "string") {
      setWrong(t(key));
      return;
    }
    const { name, isEnabled, match, actions, stop } = now;
    keep({ name: name.trim(), isEnabled, match, conditions: read as Condition[], actions, stop });
  };
  return (
    <form
      aria-label={rule.name || t("rules.new")}
      className="flex flex-col gap-3 rounded-md border border-line p-3"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label className="flex flex-wrap items-center gap-2">
        <span className="text-quiet">{t("rules.name")}</span>
        <input dir="auto" maxLength={200} value={now.name} onChange={(event) => change({ name: event.target.value })} className={`${field} flex-1`} />
      </label>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium">{t("rules.if")}</legend>
        {now.typed.length > 1 && (
          <select aria-label={t("rules.match")} value={now.match} onChange={(event) => change({ match: event.target.value as Rule["match"] })} className={`${field} self-start`}>
            <option value="all">{t("rules.match-all")}</option>
            <option value="any">{t("rules.match-any")}</option>
          </select>
        )}
        {now.typed.length === 0 && <p className="text-quiet">{t("rules.always")}</p>}
        {now.typed.map((condition, index) => (
          // Rows have no other identity than their place.
          // oxlint-disable-next-line react/no-array-index-key
          <ConditionRow key={index} condition={condition} change={(part) => change({ typed: at(now.typed, index, part) })} remove={() => change({ typed: now.typed.filter((_, place) => place !== index) })} />
        ))}
        <div><Button onPress={() => change({ typed: [...now.typed, { field: "from", op: "contains", header: "", text: "" }] })}>{t("rules.add-condition")}</Button></div>
      </fieldset>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium">{t("rules.then")}</legend>
        {now.actions.map((action, index) => (
          // Rows have no other identity than their place.
          // oxlint-disable-next-line react/no-array-index-key
          <ActionRow key={index} action={action} change={(next) => change({ actions: now.actions.map((it, place) => (place === index ? next : it)) })} remove={() => change({ actions: now.actions.filter((_, place) => place !== index) })} />
        ))}
        <div><Button onPress={() => change({ actions: [...now.actions, { action: "markRead" }] })}>{t("rules.add-action")}</Button></div>
        <label className="flex items-center gap-2">
          <input type="checkbox" className="accent-accent" checked={now.stop} onChange={(event) => change({ stop: event.target.checked })} />
          {t("rules.stop")}
        </label>
      </fieldset>
      {wrong && <p role="alert" className="text-danger">{wrong}</p>}
      <div className="flex justify-end gap-2">
        <Button onPress={cancel}>{t("act.cancel")}</Button>
        <Button look="first" type="submit">{t("folders.save")}</Button>
      </div>
    </form>
  );
}

function ConditionRow({ condition, change, remove }: { condition: Typed; change: (part: Partial<Typed>) => void; remove: () => void }) {
  const { t } = useTranslation();
  const ops = FIELDS[condition.field] ?? [];
  return (
    <div className="flex flex-wrap items-start gap-2">
      <select
        aria-label={t("rules.field")}
        value={condition.field}
        onChange={(event) => change({ field: event.target.value, op: FIELDS[event.target.value]?.[0] ?? "", text: "" })}
        className={field}
      >
        {Object.keys(FIELDS).map((it) => <option key={it} value={it}>{t(`rules.field-${it}`)}</option>)}
      </select>
      {condition.field === "header" && <input aria-label={t("rules.header")} placeholder={t("rules.header")} value={condition.header} onChange={(event) => change({ header: event.target.value })} className={`${field} w-32`} />}
      <select aria-label={t("rules.op")} value={condition.op} onChange={(event) => change({ op: event.target.value })} className={field}>
        {ops.map((it) => <option key={it} value={it}>{t(`rules.op-${it}`)}</option>)}
      </select>
      {condition.field === "size" ? (
        <label className="flex items-center gap-1">
          <input aria-label={t("rules.size")} inputMode="decimal" value={condition.text} onChange={(event) => change({ text: event.target.value })} className={`${field} w-20`} />
          MB
        </label>
      ) : (
        condition.field !== "attachment" && (
          <textarea dir="auto" aria-label={t("rules.values")} title={t("rules.values")} rows={Math.min(condition.text.split("\n").length, 5)} value={condition.text} onChange={(event) => change({ text: event.target.value })} className={`${field} flex-1 basis-40 py-1`} />
        )
      )}
      <IconButton icon="close" label={t("rules.remove-condition")} onPress={remove} />
    </div>
  );
}

function ActionRow({ action, change, remove }: { action: Action; change: (action: Action) => void; remove: () => void }) {
  const { t, i18n } = useTranslation();
  const store = useOwnStore();
  const labels = inOrder(store.labels, i18n.language);
  const offered = labels.length > 0 ? [...ACTIONS, "label"] : ACTIONS;
  const kinds = offered.includes(action.action) ? offered : [...offered, action.action];
  const targets = folders(store.mailboxes.values(), i18n.language, true);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <select aria-label={t("rules.action")} value={action.action} onChange={(event) => change({ action: event.target.value })} className={field}>
        {kinds.map((it) => <option key={it} value={it}>{t(`rules.do-${it}`)}</option>)}
      </select>
      {(action.action === "move" || action.action === "copy") && (
        <select aria-label={t("rules.mailbox")} value={action.mailboxId ?? ""} onChange={(event) => change({ ...action, mailboxId: event.target.value })} className={`${field} flex-1`}>
          <option value="" disabled>{t("rules.mailbox")}</option>
          {targets.map(({ mailbox, depth }) => <option key={mailbox.id} value={mailbox.id}>{"\u2003".repeat(depth) + folderName(t, mailbox)}</option>)}
        </select>
      )}
      {action.action === "forward" && (
        <>
          <input dir="ltr" type="email" aria-label={t("rules.address")} placeholder={t("rules.address")} value={action.address ?? ""} onChange={(event) => change({ ...action, address: event.target.value, keepCopy: action.keepCopy ?? true })} className={`${field} flex-1`} />
          <label className="flex items-center gap-2">
            <input type="checkbox" className="accent-accent" checked={action.keepCopy ?? true} onChange={(event) => change({ ...action, keepCopy: event.target.checked })} />
            {t("rules.keep-copy")}
          </label>
        </>
      )}
      {action.action === "label" && (
        <select aria-label={t("rules.label")} value={action.keyword ?? ""} onChange={(event) => change({ ...action, keyword: event.target.value })} className={`${field} flex-1`}>
          <option value="" disabled>{t("rules.label")}</option>
          {labels.map(({ id, name, keyword }) => <option key={id} value={keyword}>{name}</option>)}
          {/* A keyword that a program uses has no label. */}
          {action.keyword && !labels.some(({ keyword }) => keyword === action.keyword) && <option value={action.keyword}>{action.keyword}</option>}
        </select>
      )}
      <IconButton icon="close" label={t("rules.remove-action")} onPress={remove} />
    </div>
  );
}
