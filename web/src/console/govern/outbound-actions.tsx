import { useTranslation } from "react-i18next";
import { NumberField, PeopleFields } from "./outbound-fields";
import { type Action, ACTIONS, actionWord, type Simple } from "./outbound-rule";

const HOURS = 72;

/** What is done with a message for which the rule holds. */
export function ActionsEditor({ value, change }: { value: Action[]; change: (value: Action[]) => void }) {
  const { t } = useTranslation();
  const approve = value.find((it) => typeof it !== "string");
  const set = (word: (typeof ACTIONS)[number], on: boolean) => {
    const rest = value.filter((it) => actionWord(it) !== word);
    if (!on) change(rest);
    else change([...rest, word === "approve" ? { approve: { by: { roles: ["management"] }, hours: HOURS } } : (word as Simple)]);
  };
  return (
    <div className="flex flex-col gap-2">
      {ACTIONS.map((word) => {
        const isOn = value.some((it) => actionWord(it) === word);
        return (
          <div key={word} className="flex flex-col gap-2">
            <label className="flex items-start gap-2">
              <input type="checkbox" className="mt-0.5 size-4 accent-accent" checked={isOn} onChange={(event) => set(word, event.target.checked)} />
              <span>{t(`outrule.act-${word}`)} <span className="text-quiet">{t(`outrule.act-${word}-what`)}</span></span>
            </label>
            {word === "approve" && approve && typeof approve !== "string" && (
              <div role="group" aria-label={t("outrule.approvers")} className="ms-6 flex flex-col gap-2 border-s-2 border-line ps-3">
                <PeopleFields value={approve.approve.by} change={(by) => change(value.map((it) => (it === approve ? { approve: { ...approve.approve, by } } : it)))} />
                <NumberField label="outrule.hours" max={720} value={approve.approve.hours ?? HOURS} change={(hours) => change(value.map((it) => (it === approve ? { approve: { ...approve.approve, hours: hours ?? HOURS } } : it)))} />
              </div>
            )}
          </div>
        );
      })}
    </div>
  );
}
