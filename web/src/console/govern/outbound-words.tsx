import { useTranslation } from "react-i18next";
import { Fact, Facts, Tone } from "../kit/parts";
import type { Mode, Rule } from "./outbound-rule";
import { actionSays, conditionSays, peopleSay } from "./outbound-says";

export const MODE_TONES = { off: "quiet", audit: "warning", enforce: "ok" } as const;

export function ModeShown({ mode }: { mode: Mode }) {
  const { t } = useTranslation();
  return <Tone tone={MODE_TONES[mode]}>{t(`outrule.mode-${mode}`)}</Tone>;
}

/** A rule for outbound mail in words. */
export function RuleInWords({ rule }: { rule: Rule }) {
  const { t } = useTranslation();
  return (
    <Facts>
      <Fact name="outrule.mode"><ModeShown mode={rule.mode ?? "enforce"} /></Fact>
      <Fact name="outrule.whose">{rule.scope ? peopleSay(rule.scope, t) : t("outrule.everybody")}</Fact>
      <Fact name="outrule.direction">{t(`outrule.direction-${rule.direction ?? "outside"}`)}</Fact>
      <Fact name="outrule.when">{conditionSays(rule.when, t)}</Fact>
      {rule.unless && <Fact name="outrule.unless">{conditionSays(rule.unless, t)}</Fact>}
      <Fact name="outrule.then"><ul>{rule.actions.map((action) => <li key={actionSays(action, t)}>{actionSays(action, t)}</li>)}</ul></Fact>
    </Facts>
  );
}
