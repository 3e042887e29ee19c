// Rules for outbound mail as the server keeps them (docs/outbound.md), and how they are read and changed by hand.

export interface People {
  accounts?: string[];
  groups?: string[];
  roles?: string[];
}

export interface Attachment {
  kinds?: string[];
  names?: string[];
  "larger-kib"?: number;
  locked?: boolean;
}

/** What must hold of a message: one word, and what it says. */
export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { detect: { what: string; min?: number } }
  | { keywords: { words?: string[]; lists?: string[]; min?: number } }
  | { fingerprint: { marks?: string[]; share?: number } }
  | { label: string[] }
  | { sender: People }
  | { "recipient-domain": { domains?: string[]; personal?: boolean } }
  | { "recipient-country": string[] }
  | { outside: boolean }
  | { "recipients-above": number }
  | { attachment: Attachment }
  | { unreadable: boolean }
  | { "lookalike-recipient": boolean };

export type Simple = "record" | "warn" | "justify" | "encrypt" | "portal" | "block";
export type Action = Simple | { approve: { by: People; hours?: number } };
export type Mode = "off" | "audit" | "enforce";

export interface Rule {
  name: string;
  priority: number;
  mode: Mode;
  direction: "outside" | "inside" | "any";
  scope?: People;
  when: Condition;
  unless?: Condition;
  actions: Action[];
  stop?: boolean;
  /** It comes with the program; one of its name takes its place. */
  shipped?: boolean;
}

export const MODES: Mode[] = ["off", "audit", "enforce"];
export const DIRECTIONS = ["outside", "inside", "any"] as const;
export const DETECTORS = ["iban", "bank-account", "payment-card", "chinese-id", "passport", "chinese-mobile"];
export const LISTS = ["contract", "quotation", "salary", "secret"];
export const FILE_KINDS = ["program", "archive", "office", "pdf", "picture", "text", "message", "other"];
export const ACTIONS = ["record", "warn", "justify", "approve", "encrypt", "portal", "block"] as const;

/** Each condition as it is when it is chosen. */
export const FRESH = {
  detect: { detect: { what: "payment-card", min: 1 } },
  keywords: { keywords: { words: [], lists: [], min: 1 } },
  "recipient-domain": { "recipient-domain": { domains: [], personal: true } },
  "recipient-country": { "recipient-country": [] },
  attachment: { attachment: {} },
  label: { label: [] },
  fingerprint: { fingerprint: { marks: [], share: 30 } },
  sender: { sender: {} },
  outside: { outside: true },
  "recipients-above": { "recipients-above": 20 },
  unreadable: { unreadable: true },
  "lookalike-recipient": { "lookalike-recipient": true },
  all: { all: [] },
  any: { any: [] },
  not: { not: { detect: { what: "payment-card", min: 1 } } },
} as const;

export type Word = keyof typeof FRESH;
export const WORDS = Object.keys(FRESH) as Word[];

export const fresh = (word: Word): Condition => structuredClone(FRESH[word]) as unknown as Condition;

export const wordOf = (condition: Condition): Word => Object.keys(condition)[0] as Word;

/** What stands behind a condition's word. */
export const saidOf = (condition: Condition): unknown => Object.values(condition)[0];

export const NEW_RULE: Rule = { name: "", priority: 100, mode: "audit", direction: "outside", when: { all: [fresh("detect")] }, actions: ["warn"], stop: false };

/** A rule in JSON; nothing if it is none. */
export function readRule(text: string): Rule | undefined {
  try {
    const rule = JSON.parse(text) as Rule;
    return typeof rule === "object" && rule !== null && "when" in rule && Array.isArray(rule.actions) ? rule : undefined;
  } catch {
    return undefined;
  }
}

export const actionWord = (action: Action): (typeof ACTIONS)[number] => (typeof action === "string" ? action : "approve");

/** Without what says nothing, so that two rules that are the same are written the same. */
export function tidy(rule: Rule): Rule {
  const { scope, unless, stop, shipped: _, ...rest } = rule;
  const isNamed = scope && Object.values(scope).some((list) => list.length > 0);
  return { ...rest, ...(isNamed ? { scope } : {}), ...(unless ? { unless } : {}), ...(stop ? { stop } : {}) };
}

/** Parts of a rule that conditions stand in, by the names that the server has for them. */
function places(condition: Condition, at: string): string[] {
  const word = wordOf(condition);
  const said = saidOf(condition);
  if (Array.isArray(said) && (word === "all" || word === "any")) return [at, ...said.flatMap((it: Condition, index) => places(it, `${at}.${word}[${index}]`))];
  if (word === "not") return [at, ...places(said as Condition, `${at}.not`)];
  return [at];
}

/** Fields of the form that are no conditions. */
const FIELDS = ["name", "priority", "mode", "direction", "scope", "actions", "stop"];

/**
 * Where in the form the server's words about a rule belong, and the words without the name of the place: "when.all[0].detect.min of the rule must
 * be from 1 to 10000". Nothing where they name no place.
 */
export function faultOf(words: string, rule: Rule): { at: string; text: string } | undefined {
  const found = /^([a-z][\w.[\]-]*)(?: of the rule|:) (.*)$/s.exec(words);
  const [, place = "", text = ""] = found ?? [];
  if (!found) return undefined;
  const all = [...places(rule.when, "when"), ...(rule.unless ? places(rule.unless, "unless") : []), ...FIELDS];
  const within = all.filter((at) => place === at || place.startsWith(`${at}.`) || place.startsWith(`${at}[`));
  const at = within.sort((one, other) => other.length - one.length)[0];
  return at === undefined ? undefined : { at, text };
}
