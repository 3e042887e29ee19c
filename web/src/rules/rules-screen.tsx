// What the server does with mail that comes: rules in their order, and the automatic reply.

import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Section, Told, useTold } from "../account/section";
import { refusedIn } from "../jmap/client";
import { RULES, VACATION } from "../jmap/types";
import { useOwnStore } from "../store/context";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { useNotices } from "../ui/notices";
import { moved, type Rule } from "./rule";
import { RuleForm } from "./rule-form";
import { Vacation } from "./vacation";

export default function RulesScreen() {
  const { t } = useTranslation();
  const { capabilities } = useOwnStore().client.session;
  useEffect(() => {
    document.title = `${t("nav.rules")} · ${t("app.name")}`;
  }, [t]);
  return (
    <main className="h-full overflow-y-auto">
      <div className="mx-auto max-w-3xl p-4">
        <Link to="/" className="mb-3 inline-flex items-center gap-1 text-accent"><Icon name="back" />{t("account.back")}</Link>
        <h1 className="mb-4 text-[18px] font-semibold">{t("nav.rules")}</h1>
        {VACATION in capabilities && <Vacation />}
        {RULES in capabilities && <Rules />}
      </div>
    </main>
  );
}

const NEW: Rule = { name: "", isEnabled: true, match: "all", conditions: [{ field: "from", op: "contains", values: [] }], actions: [{ action: "move" }], stop: true };

function Rules() {
  const { t } = useTranslation();
  const store = useOwnStore();
  const { say, fail } = useNotices();
  const [read] = useState(() => async () => (await store.client.call("Rules/get", { accountId: store.accountId, ids: ["singleton"] })).list[0]);
  const known = useTold(read);
  const [editing, setEditing] = useState<number>();

  const set = (change: Record<string, unknown>) => {
    const work = async () => {
      const refused = refusedIn(await store.client.call("Rules/set", { accountId: store.accountId, update: { singleton: change } }));
      if (refused) throw refused;
      setEditing(undefined);
      known.again();
      say(t("settings.saved"));
    };
    work().catch(fail);
  };
  return (
    <Section title={t("rules.title")} beside={editing === undefined && <Button onPress={() => setEditing(-1)}>{t("rules.new")}</Button>}>
      <p className="mb-2 text-quiet">{t("rules.why")}</p>
      <Told of={known}>
        {(told) => {
          const rules = told?.rules ?? [];
          const save = (index: number) => (rule: Rule) => set({ rules: index < 0 ? [...rules, rule] : rules.map((it, at) => (at === index ? rule : it)) });
          return (
            <>
              {told?.handWrittenScriptId && (
                <div role="alert" className="mb-2 flex flex-wrap items-center gap-2 rounded-md bg-warning-ground px-3 py-2 text-warning">
                  <span className="min-w-0 flex-1 basis-60">{t("rules.by-hand")}</span>
                  {rules.length > 0 && <Button onPress={() => set({ isActive: true })}>{t("rules.activate")}</Button>}
                </div>
              )}
              {rules.length === 0 && editing === undefined && <p>{t("rules.none")}</p>}
              <ol>
                {rules.map((rule, index) => (
                  // Rules have no other identity than their place.
                  // oxlint-disable-next-line react/no-array-index-key
                  <li key={index} className="border-t border-line py-2">
                    {editing === index ? (
                      <RuleForm rule={rule} keep={save(index)} cancel={() => setEditing(undefined)} />
                    ) : (
                      <div className="flex flex-wrap items-center gap-1">
                        <label className="flex min-w-0 flex-1 basis-48 items-center gap-2">
                          <input type="checkbox" className="accent-accent" checked={rule.isEnabled} onChange={(event) => set({ rules: rules.map((it, at) => (at === index ? { ...it, isEnabled: event.target.checked } : it)) })} />
                          <span dir="auto" className={rule.isEnabled ? "" : "text-quiet"}>{rule.name}</span>
                        </label>
                        <IconButton icon="up" label={t("rules.up", { name: rule.name })} isDisabled={index === 0} onPress={() => set({ rules: moved(rules, index, -1) })} />
                        <IconButton icon="down" label={t("rules.down", { name: rule.name })} isDisabled={index === rules.length - 1} onPress={() => set({ rules: moved(rules, index, 1) })} />
                        <IconButton icon="write" label={t("rules.edit", { name: rule.name })} onPress={() => setEditing(index)} />
                        <IconButton icon="trash" label={t("rules.delete", { name: rule.name })} onPress={() => set({ rules: rules.filter((_, at) => at !== index) })} />
                      </div>
                    )}
                  </li>
                ))}
              </ol>
              {editing === -1 && <RuleForm rule={NEW} keep={save(-1)} cancel={() => setEditing(undefined)} />}
            </>
          );
        }}
      </Told>
    </Section>
  );
}
