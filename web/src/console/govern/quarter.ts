// Quarters of years, as reviews of access are made of (2026-Q4), in UTC.

const MONTHS = 3;

/** The quarter of now and those before it, the latest first. */
export function quarters(now: Date, count = 6): string[] {
  const first = now.getUTCFullYear() * 4 + Math.floor(now.getUTCMonth() / MONTHS);
  return Array.from({ length: count }, (_, back) => `${Math.floor((first - back) / 4)}-Q${((first - back) % 4) + 1}`);
}

/** Whether nothing more of it is to come. */
export function isOver(quarter: string, now: Date): boolean {
  return quarter !== quarters(now, 1)[0];
}
