// Rules by which something may cross into another region.

export interface CrossingRule {
  name: string;
  kind: string;
  from: string;
  to: string;
  classification: string;
  encryption: string;
  basis: string;
  reference: string;
  ends: string;
  by: string;
}

export const TONES = { on: "ok", soon: "warning", over: "danger" } as const;
/** So long before its end a rule is worth a look. */
const SOON_MS = 30 * 86_400_000;

/** Whether a rule lets something through now, and whether it still will in a month. */
export function standing({ ends }: CrossingRule, now: number): keyof typeof TONES {
  const end = Date.parse(ends);
  if (end <= now) return "over";
  return end - now < SOON_MS ? "soon" : "on";
}

/** What `region:eu`, `country:DE` or `domain:partner.example` says. */
export function towards(to: string): { kind: "region" | "country" | "domain"; name: string } {
  const cut = to.indexOf(":");
  const kind = to.slice(0, Math.max(cut, 0));
  return { kind: kind === "country" || kind === "domain" ? kind : "region", name: to.slice(cut + 1) };
}
