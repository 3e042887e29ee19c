// What is set for judging, compared with what the level says.

/** A threshold as a number; one that is never reached lies above all. */
const numberOf = (value: string): number => (value === "never" ? 2 : Number(value));

/** Whether `value` of a setting protects less than `other`. */
export function isLower(setting: string, value: string, other: string): boolean {
  if (setting === "unjudged") return value === "warn" && other === "junk";
  return numberOf(value) > numberOf(other);
}
