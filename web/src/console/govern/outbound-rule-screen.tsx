// A rule for outbound mail, as a form: what must hold, what is then done, and what it would have done with mail that was sent.

import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act, Waiting } from "../../account/api";
import { Told } from "../../account/section";
import { goToSignIn } from "../../account/session";
import { NotShown, useWithFactor } from "../../account/step-up";
import { SignedOut } from "../../jmap/client";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { useNotices } from "../../ui/notices";
import { useMay } from "../kit/me";
import { Block, ScreenPage } from "../kit/parts";
import { ActionsEditor } from "./outbound-actions";
import { ConditionEditor, type Fault } from "./outbound-condition";
import { box, ChoiceField, NumberField, PeopleFields, SwitchField } from "./outbound-fields";
import { Replay, type Replayed } from "./outbound-replay";
import { DIRECTIONS, faultOf, fresh, type Mode, MODES, NEW_RULE, type Rule, tidy } from "./outbound-rule";
import { RuleInWords } from "./outbound-words";
import { Remark, useAsked, useOfPage } from "./shared";

export default function OutboundRuleScreen() {
  const { t } = useTranslation();
  const name = useOfPage("rule");
  const known = useAsked<Rule[]>("outbound-rules", {});
  return (
    <ScreenPage title={name === "" ? t("outrule.add") : name} about={t("outrule.one-about")} back={{ to: "/outbound", name: t("outrule.title") }}>
      <Told of={known}>
        {(all) => {
          const found = all.find((rule) => rule.name === name);
          if (name !== "" && !found) return <Remark tone="quiet">{t("outrule.not-there")}</Remark>;
          return <Editor kept={found} again={known.again} />;
        }}
      </Told>
    </ScreenPage>
  );
}

function Editor({ kept, again }: { kept: Rule | undefined; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const mayChange = may("policy.change");
  const [rule, setRule] = useState<Rule>(() => structuredClone(kept ?? NEW_RULE));
  const [fault, setFault] = useState<Fault>();
  const [tried, setTried] = useState<{ of: string; replayed: Replayed }>();
  const [isAsking, setAsking] = useState(false);
  const change = (part: Partial<Rule>) => {
    setRule((before) => ({ ...before, ...part }));
    setFault(undefined);
  };
  const aboutRule = (words: string) => {
    const found = faultOf(words, rule);
    setFault(found);
    return found !== undefined;
  };
  const keep = useKeep(kept, rule, setFault, again);
  const isTried = tried?.of === triedAs(rule);
  return (
    <>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (rule.mode === "enforce") setAsking(true);
          else keep.run();
        }}
      >
        <fieldset disabled={!mayChange} className="contents">
          <Heading rule={rule} isNew={kept === undefined} fault={fault} change={change} />
          <Conditions rule={rule} fault={fault} change={change} />
          <Block title="outrule.then">
            <ActionsEditor value={rule.actions} change={(actions) => change({ actions })} />
            <Beside fault={fault} at="actions" />
          </Block>
        </fieldset>
        <Block title="outrule.in-words"><RuleInWords rule={rule} /></Block>
        {fault?.at === "" && <p role="alert" className="text-danger">{t("app.error", { reason: fault.text })}</p>}
        {mayChange && <div className="flex justify-end"><Button look="first" type="submit" isDisabled={keep.isBusy}>{t("outrule.keep")}</Button></div>}
      </form>
      {may("outbound.replay") && <Replay rule={rule} replayed={isTried ? tried.replayed : undefined} wrong={aboutRule} done={(replayed) => setTried({ of: triedAs(rule), replayed })} />}
      <Dialog title={t("outrule.enforce")} isOpen={isAsking} close={() => setAsking(false)}>
        <div className="flex flex-col gap-3">
          <Remark tone={isTried ? "quiet" : "warning"}>{isTried ? t("outrule.enforce-tried", { count: tried.replayed.messages, held: tried.replayed.held.length }) : t("outrule.enforce-untried")}</Remark>
          <RuleInWords rule={rule} />
          <div className="flex justify-end gap-2">
            <Button onPress={() => setAsking(false)}>{t("kit.cancel")}</Button>
            <Button look="danger" onPress={() => { setAsking(false); keep.run(); }}>{t("outrule.enforce")}</Button>
          </div>
        </div>
      </Dialog>
    </>
  );
}

/** What a rule does with mail, whether or not it is in force. */
const triedAs = (rule: Rule): string => JSON.stringify({ ...tidy(rule), mode: "" });

/** Keeps the rule, unless somebody else has changed it meanwhile. */
function useKeep(kept: Rule | undefined, rule: Rule, setFault: (fault: Fault) => void, again: () => void) {
  const { t } = useTranslation();
  const { say } = useNotices();
  const navigate = useNavigate();
  const withFactor = useWithFactor();
  const [isBusy, setBusy] = useState(false);
  const run = () => {
    setBusy(true);
    withFactor(async () => {
      const there = (await act<Rule[]>("outbound-rules", {})).find(({ name }) => name === rule.name);
      if (there && (!kept || kept.name !== rule.name)) throw new Error(t("outrule.taken"));
      if (there && JSON.stringify(there) !== JSON.stringify(kept)) throw new Error(t("outrule.meanwhile"));
      return act("outbound-rule-set", { rule: JSON.stringify(tidy(rule)) });
    })
      .then(
        () => {
          say(t("outrule.kept"));
          if (kept) again();
          void navigate({ to: `/outbound/rules/${encodeURIComponent(rule.name)}` as string });
        },
        (error: Error) => {
          if (error instanceof SignedOut) void goToSignIn();
          else if (error instanceof Waiting) say(t("account.waiting"));
          else if (!(error instanceof NotShown)) setFault(faultOf(error.message, rule) ?? { at: "", text: error.message });
        },
      )
      .finally(() => setBusy(false));
  };
  return { run, isBusy };
}

function Beside({ fault, at }: { fault: Fault | undefined; at: string }) {
  return fault?.at === at ? <p role="alert" className="text-danger">{fault.text}</p> : null;
}

interface PartProps {
  rule: Rule;
  fault: Fault | undefined;
  change: (part: Partial<Rule>) => void;
}

function Heading({ rule, isNew, fault, change }: PartProps & { isNew: boolean }) {
  const { t } = useTranslation();
  return (
    <Block title="outrule.about-it">
      <div className="flex flex-col gap-3">
        <div className="max-w-xl">
          <label className="flex flex-col">
            <span className="font-medium">{t("outrule.name")}</span>
            <input dir="auto" required readOnly={!isNew} maxLength={100} className={`${box} ${fault?.at === "name" ? "border-danger" : ""}`} value={rule.name} onChange={(event) => change({ name: event.target.value })} />
          </label>
          <Beside fault={fault} at="name" />
        </div>
        <fieldset>
          <legend className="font-medium">{t("outrule.mode")}</legend>
          {MODES.map((mode) => (
            <label key={mode} className="flex items-start gap-2">
              <input type="radio" name="mode" className="mt-1 accent-accent" checked={rule.mode === mode} onChange={() => change({ mode: mode as Mode })} />
              <span>{t(`outrule.mode-${mode}`)} <span className="text-quiet">{t(`outrule.mode-${mode}-what`)}</span></span>
            </label>
          ))}
        </fieldset>
        <div className="flex flex-wrap gap-3">
          <ChoiceField label="outrule.direction" value={rule.direction} options={DIRECTIONS.map((it): [string, string] => [it, `outrule.direction-${it}`])} change={(direction) => change({ direction: direction as Rule["direction"] })} />
          <NumberField label="outrule.priority" min={0} max={65_535} value={rule.priority} change={(priority) => change({ priority: priority ?? 100 })} />
        </div>
        <Beside fault={fault} at="direction" />
        <Beside fault={fault} at="priority" />
        <SwitchField label="outrule.stop" value={rule.stop ?? false} change={(stop) => change({ stop })} />
        <details open={rule.scope !== undefined}>
          <summary className="cursor-pointer">{t("outrule.scope")}</summary>
          <div className="mt-2"><PeopleFields value={rule.scope ?? {}} change={(scope) => change({ scope })} /></div>
        </details>
        <Beside fault={fault} at="scope" />
      </div>
    </Block>
  );
}

function Conditions({ rule, fault, change }: PartProps) {
  const { t } = useTranslation();
  const without = () => {
    const { unless: _, ...rest } = rule;
    change({ ...rest, unless: undefined } as unknown as Partial<Rule>);
  };
  return (
    <>
      <Block title="outrule.when"><ConditionEditor value={rule.when} at="when" label={t("outrule.when")} fault={fault} change={(when) => change({ when })} /></Block>
      <Block title="outrule.unless" beside={!rule.unless && <Button onPress={() => change({ unless: fresh("recipient-domain") })}>{t("outrule.unless-add")}</Button>}>
        {rule.unless ? <ConditionEditor value={rule.unless} at="unless" label={t("outrule.unless")} fault={fault} change={(unless) => change({ unless })} remove={without} /> : <p className="text-quiet">{t("outrule.unless-none")}</p>}
      </Block>
    </>
  );
}
