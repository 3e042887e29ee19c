// A condition of a rule for outbound mail as a sentence in the reader's words.

import { type Action, actionWord, type Attachment, type Condition, type People, saidOf, wordOf } from "./outbound-rule";

type T = (key: string, values?: Record<string, unknown>) => string;

export function peopleSay({ accounts = [], groups = [], roles = [] }: People, t: T): string {
  return [...accounts, ...groups, ...roles.map((role) => t(`roles.name-${role}`))].join(t("outrule.comma"));
}

function attachmentSays({ kinds = [], names = [], "larger-kib": larger, locked }: Attachment, t: T): string {
  const parts = [
    ...(kinds.length > 0 ? [kinds.map((kind) => t(`outrule.kind-${kind}`)).join(t("outrule.or"))] : []),
    ...(names.length > 0 ? [t("outrule.says-named", { names: names.join(t("outrule.or")) })] : []),
    ...(larger === undefined || larger === null ? [] : [t("outrule.says-larger", { size: larger })]),
    ...(locked === undefined || locked === null ? [] : [t(locked ? "outrule.says-locked" : "outrule.says-open")]),
  ];
  return parts.length === 0 ? t("outrule.says-file") : t("outrule.says-attachment", { what: parts.join(t("outrule.comma")) });
}

const joined = (list: Condition[], by: "and" | "or", t: T): string => (list.length === 0 ? t("outrule.says-nothing") : list.map((it) => {
  const word = wordOf(it);
  const inner = conditionSays(it, t);
  return (word === "all" || word === "any") && list.length > 1 ? t("outrule.says-group", { what: inner }) : inner;
}).join(t(`outrule.${by}`)));

/** A condition in words. */
export function conditionSays(condition: Condition, t: T): string {
  if ("all" in condition) return joined(condition.all, "and", t);
  if ("any" in condition) return joined(condition.any, "or", t);
  if ("not" in condition) return t("outrule.says-not", { what: conditionSays(condition.not, t) });
  if ("detect" in condition) return t("outrule.says-detect", { count: condition.detect.min ?? 1, what: t(`outrule.what-${condition.detect.what}`) });
  if ("keywords" in condition) {
    const { words = [], lists = [], min = 1 } = condition.keywords;
    return t("outrule.says-keywords", { count: min, words: [...words.map((word) => `“${word}”`), ...lists.map((list) => t(`outrule.list-${list}`))].join(t("outrule.comma")) });
  }
  if ("fingerprint" in condition) {
    const { marks = [], share = 30 } = condition.fingerprint;
    return t("outrule.says-fingerprint", { percent: share, marks: marks.length === 0 ? t("outrule.any-mark") : marks.join(t("outrule.or")) });
  }
  if ("label" in condition) return t("outrule.says-label", { labels: condition.label.join(t("outrule.or")) });
  if ("sender" in condition) return t("outrule.says-sender", { people: peopleSay(condition.sender, t) });
  if ("recipient-domain" in condition) {
    const { domains = [], personal = false } = condition["recipient-domain"];
    return t("outrule.says-domain", { domains: [...domains, ...(personal ? [t("outrule.personal")] : [])].join(t("outrule.or")) });
  }
  if ("recipient-country" in condition) {
    const names = new Intl.DisplayNames(document.documentElement.lang || "en", { type: "region" });
    const country = (code: string) => (/^[A-Za-z]{2}$/.test(code) ? (names.of(code.toUpperCase()) ?? code) : code);
    return t("outrule.says-country", { countries: condition["recipient-country"].map(country).join(t("outrule.or")) });
  }
  if ("outside" in condition) return t(condition.outside ? "outrule.says-outside" : "outrule.says-inside");
  if ("recipients-above" in condition) return t("outrule.says-recipients", { count: condition["recipients-above"] });
  if ("attachment" in condition) return attachmentSays(condition.attachment, t);
  if ("unreadable" in condition) return t(condition.unreadable ? "outrule.says-unreadable" : "outrule.says-readable");
  if ("lookalike-recipient" in condition) return t(condition["lookalike-recipient"] ? "outrule.says-alike" : "outrule.says-no-alike");
  return `${wordOf(condition)} ${JSON.stringify(saidOf(condition))}`;
}

/** What is done, in words. */
export function actionSays(action: Action, t: T): string {
  const word = actionWord(action);
  if (typeof action === "string") return t(`outrule.act-${word}`);
  return t("outrule.says-approve", { people: peopleSay(action.approve.by, t), count: action.approve.hours ?? 72 });
}
