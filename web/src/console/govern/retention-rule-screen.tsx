// A rule on how long mail stays: what it would remove is shown before it is set.

import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { size } from "../../i18n/format";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import type { Field } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Count, Moment, ScreenPage } from "../kit/parts";
import { type Preview, type RetentionRule, typedRule } from "./retention";
import { Person, Remark, useAsked, useOfPage } from "./shared";
import { TypedFields, useTyped } from "./typed";

const FIELDS: Field[] = [
  { name: "name", label: "retention.name" },
  { name: "days", label: "retention.days", hint: "retention.days-hint", kind: "number", min: 1, max: 36_500 },
  { name: "folder", label: "retention.folder", hint: "retention.folder-hint", isOptional: true },
  { name: "label", label: "retention.label", isOptional: true },
  { name: "from", label: "retention.from", hint: "retention.from-hint", isOptional: true },
  { name: "larger_mib", label: "retention.larger_mib", kind: "number", min: 1, max: 1024, isOptional: true },
  { name: "group", label: "retention.group", hint: "retention.group-hint", kind: "address", isOptional: true },
  { name: "flagged_too", label: "retention.flagged_too", hint: "retention.flagged-hint", kind: "switch" },
];

export default function RetentionRuleScreen() {
  const { t } = useTranslation();
  const name = useOfPage("rule");
  const known = useAsked<RetentionRule[]>("retention-rule-list", {});
  return (
    <ScreenPage title={name === "" ? t("retention.add") : name} about={t("retention.one-about")} back={{ to: "/retention", name: t("retention.title") }}>
      <Told of={known}>
        {(all) => {
          const found = all.find((rule) => rule.name === name);
          if (name !== "" && !found) return <Remark tone="quiet">{t("retention.not-there")}</Remark>;
          return <Editor rule={found} again={known.again} />;
        }}
      </Told>
    </ScreenPage>
  );
}

function Editor({ rule, again }: { rule: RetentionRule | undefined; again: () => void }) {
  const { t } = useTranslation();
  const { say } = useNotices();
  const navigate = useNavigate();
  const mayChange = useMay()("policy.change");
  const form = useTyped(FIELDS, rule ? typedRule(rule) : { days: "365" });
  const [tried, setTried] = useState<{ of: string; preview: Preview }>();
  const body = form.typed();
  const key = JSON.stringify(body);
  const isTried = tried?.of === key;
  const set = (off: boolean) =>
    form.run("retention-rule-set", { ...body, off }, () => {
      say(t(off ? "retention.kept-off" : "retention.kept-on"));
      if (rule?.name === body.name) again();
      else void navigate({ to: "/retention" as string });
    });
  return (
    <>
      {rule && <Remark tone={rule.off ? "quiet" : "ok"}>{t(rule.off ? "retention.is-off" : "retention.is-on")}</Remark>}
      <Block title="retention.conditions">
        <form
          className="flex max-w-xl flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            form.run<Preview>("retention-rule-try", { ...body, off: true }, (preview) => setTried({ of: key, preview }));
          }}
        >
          <p className="text-quiet">{t("retention.conditions-all")}</p>
          <TypedFields of={form} />
          <div className="flex justify-end"><Button look={isTried ? "plain" : "first"} type="submit" isDisabled={form.isBusy}>{t("retention.try")}</Button></div>
        </form>
      </Block>
      {tried && isTried && (
        <Block title="retention.would-remove">
          <Scope of={tried.preview} />
          {mayChange && (
            <div className="mt-3 flex flex-wrap justify-end gap-2">
              <Button isDisabled={form.isBusy} onPress={() => set(true)}>{t("retention.keep-off")}</Button>
              <Button look="danger" isDisabled={form.isBusy} onPress={() => set(false)}>{t("retention.set-on", { count: tried.preview.messages })}</Button>
            </div>
          )}
        </Block>
      )}
      {tried && !isTried && <Remark tone="quiet">{t("retention.changed-since")}</Remark>}
    </>
  );
}

/** What a rule would remove now. */
function Scope({ of: { messages, bytes, accounts, held, samples } }: { of: Preview }) {
  const { t, i18n } = useTranslation();
  return (
    <>
      <Remark tone={messages > 0 ? "warning" : "ok"}>{messages > 0 ? t("retention.scope", { count: messages, size: size(bytes, i18n.language), accounts }) : t("retention.scope-none")}</Remark>
      {held > 0 && <p className="mt-2">{t("retention.scope-held", { count: held })}</p>}
      {samples.length > 0 && (
        <>
          <p className="mt-2 text-quiet">{t("retention.samples")}</p>
          <ul>
            {samples.map((it) => (
              <li key={`${it.address} ${it.since} ${it.size}`} className="flex flex-wrap gap-x-4 border-t border-line py-1"><Person address={it.address} /><Moment at={it.since} /><span>{size(it.size, i18n.language)}</span></li>
            ))}
          </ul>
        </>
      )}
      {accounts > 0 && <p className="mt-2 text-quiet">{t("retention.mailboxes")}{t("protect.colon")} <Count of={accounts} />. {t("retention.can-come-back")}</p>}
    </>
  );
}
