// What is proposed for a delivery: a password that nobody guesses, and the partner's language.

import { random } from "../sealed/octets";

/** Letters and digits that are not taken for one another, told by telephone. */
const SIGNS = "abcdefghjkmnpqrstuvwxyz23456789";

export const PASSWORD_MIN = 10;

/** Four groups of four: 79 bits. */
export function proposePassword(): string {
  const groups = [];
  let group = "";
  while (groups.length < 4) {
    // A value beyond a multiple of the signs would make some of them likelier.
    const [value] = random(1);
    if (value === undefined || value >= 256 - (256 % SIGNS.length)) continue;
    group += SIGNS[value % SIGNS.length];
    if (group.length === 4) {
      groups.push(group);
      group = "";
    }
  }
  return groups.join("-");
}

const KEPT = "tradewind.partner-language";

function kept(): Record<string, "en" | "zh"> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Record<string, "en" | "zh">;
  } catch {
    return {};
  }
}

/** The language that a partner was last written to in, or the one that his address and the text speak for. */
export function languageFor(address: string, text: string): "en" | "zh" {
  const known = kept()[address.toLowerCase()];
  if (known) return known;
  return /\.(cn|tw|hk|中国)$/i.test(address) || /[\u4E00-\u9FFF]/.test(text) ? "zh" : "en";
}

export function rememberLanguage(address: string, language: "en" | "zh"): void {
  const all = Object.entries({ ...kept(), [address.toLowerCase()]: language }).slice(-200);
  localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(all)));
}
