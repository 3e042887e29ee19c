import { Link, useRouterState } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

/** Pages that belong together, side by side: path and name in the catalogue of each. */
export function Tabs({ label, tabs }: { label: string; tabs: [string, string][] }) {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <nav aria-label={t(label)} className="flex flex-wrap gap-x-4 border-b border-line print-hidden">
      {tabs.map(([to, title]) => (
        <Link key={to} to={to} aria-current={path === to ? "page" : undefined} className={`-mb-px min-h-8 border-b-2 px-1 py-1 hover:text-accent ${path === to ? "border-accent font-semibold text-accent" : "border-transparent"}`}>{t(title)}</Link>
      ))}
    </nav>
  );
}
