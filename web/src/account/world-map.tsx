// A map of the world with where somebody signed in; drawn from what the page brings along.

import land from "world-atlas/land-110m.json";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type SignInEvent, wentWell } from "./api";
import { coasts, HEIGHT, placed, type Topology, WIDTH } from "./world";

export default function WorldMap({ events }: { events: SignInEvent[] }) {
  const { t, i18n } = useTranslation();
  const path = useMemo(() => coasts(land as unknown as Topology), []);
  const spots = useMemo(() => {
    const found = new Map<string, { x: number; y: number; count: number; country: string | null; isGood: boolean }>();
    for (const event of events) {
      const { spot, country } = event;
      if (!spot) continue;
      const isGood = wentWell(event);
      const key = `${spot.join()} ${isGood}`;
      const before = found.get(key);
      found.set(key, { ...placed(spot[0], spot[1]), country, isGood, count: (before?.count ?? 0) + 1 });
    }
    // Refused ones stand above, so that none is hidden.
    return [...found.values()].sort((one, other) => Number(other.isGood) - Number(one.isGood));
  }, [events]);
  const region = new Intl.DisplayNames(i18n.language, { type: "region" });
  const told = spots.map(({ country, count, isGood }) => `${country ? region.of(country) : t("account.unknown-place")}: ${count}${isGood ? "" : ` (${t("account.refused")})`}`);
  if (spots.length === 0) return <p className="mb-2 text-quiet">{t("account.map-empty")}</p>;
  return (
    <svg role="img" aria-label={`${t("account.map")} ${told.join(", ")}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="mb-2 w-full rounded-md border border-line bg-ground">
      <path d={path} className="fill-line" />
      {spots.map(({ x, y, count, isGood }) => (
        <circle key={`${x} ${y} ${isGood}`} cx={x} cy={y} r={Math.min(2 + Math.log2(count), 7)} className={isGood ? "fill-accent" : "fill-danger"} fillOpacity="0.75" />
      ))}
    </svg>
  );
}
