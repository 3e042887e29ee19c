// The frame around every screen: the places that somebody may go to, who he is, and the way to everything by name.

import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { signOut } from "../account/session";
import { ACCOUNT } from "../account/step-up";
import { choose, LANGUAGES } from "../i18n";
import { prefer, type Theme, usePreferences } from "../settings/preferences";
import { Button, IconButton } from "../ui/button";
import { useNotices } from "../ui/notices";
import { SCREENS } from "./all-screens";
import { GoTo } from "./go-to";
import { useMay, useMe } from "./kit/me";
import { PARTS, type Screen } from "./kit/screen";

/** The places that whoever looks may go to. */
export function usePlaces(): Screen[] {
  const may = useMay();
  return SCREENS.filter(({ isPlace, rights }) => isPlace && (rights.length === 0 || may(...rights)));
}

export function Frame() {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [isOpen, setOpen] = useState(false);
  const [isGoing, setGoing] = useState(false);
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setGoing(true);
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <div className="flex h-full max-md:flex-col">
      <a href="#screen" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-paper focus:p-2">{t("console.skip")}</a>
      <header className="flex items-center gap-2 border-b border-line bg-paper p-2 md:hidden print-hidden">
        <IconButton icon="menu" label={t("console.places")} aria-expanded={isOpen} onPress={() => setOpen((before) => !before)} />
        <span className="font-semibold text-accent">{t("console.title")}</span>
        <IconButton icon="search" label={t("console.go-to")} onPress={() => setGoing(true)} />
      </header>
      <div className={`${isOpen ? "" : "max-md:hidden"} flex w-56 shrink-0 flex-col gap-2 overflow-y-auto border-e border-line bg-paper p-2 max-md:w-full max-md:border-b max-md:border-e-0 print-hidden`}>
        <div className="px-2 pt-1 text-[15px] font-semibold text-accent max-md:hidden">{t("console.title")}</div>
        <Button icon="search" onPress={() => setGoing(true)}>{t("console.go-to")} <kbd className="font-sans text-quiet">Ctrl K</kbd></Button>
        <Places />
        <Below />
      </div>
      <main id="screen" tabIndex={-1} className="min-h-0 min-w-0 flex-1 overflow-y-auto outline-none"><Outlet /></main>
      <GoTo isOpen={isGoing} close={() => setGoing(false)} />
    </div>
  );
}

function Places() {
  const { t } = useTranslation();
  const places = usePlaces();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <nav aria-label={t("console.places")} className="flex-1">
      {PARTS.map((part) => {
        const within = places.filter((place) => place.part === part);
        if (within.length === 0) return null;
        return (
          <div key={part} role="group" aria-label={t(`console.part-${part}`)}>
            <h2 className="px-2 pt-2 text-quiet">{t(`console.part-${part}`)}</h2>
            <ul>
              {within.map(({ path: to, title }) => {
                const isHere = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
                return (
                  <li key={to}>
                    <Link to={to} aria-current={isHere ? "page" : undefined} className={`flex min-h-8 items-center rounded-md px-2 hover:bg-hover ${isHere ? "bg-chosen font-semibold" : ""}`}>{t(title)}</Link>
                  </li>
                );
              })}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

/** Who looks, and how it looks. */
function Below() {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const { theme } = usePreferences();
  const { fail } = useNotices();
  const field = "min-h-8 rounded-md border border-strong-line bg-paper px-2";
  return (
    <div className="flex flex-col gap-2 border-t border-line pt-2">
      <div className="px-2"><bdi>{me.address}</bdi><br /><span className="text-quiet">{t("console.level", { level: t(`console.level-${me.level}`) })}</span></div>
      <label className="flex items-center justify-between gap-2 px-2">
        <span className="text-quiet">{t("console.language")}</span>
        <select className={field} value={i18n.language} onChange={(event) => void choose(event.target.value)}>
          {LANGUAGES.map(({ tag, name }) => <option key={tag} value={tag} lang={tag}>{name}</option>)}
        </select>
      </label>
      <label className="flex items-center justify-between gap-2 px-2">
        <span className="text-quiet">{t("console.theme")}</span>
        <select className={field} value={theme} onChange={(event) => prefer({ theme: event.target.value as Theme })}>
          {["system", "light", "dark"].map((it) => <option key={it} value={it}>{t(`console.theme-${it}`)}</option>)}
        </select>
      </label>
      <a href="/mail" className="min-h-8 rounded-md px-2 py-1.5 hover:bg-hover">{t("console.to-mail")}</a>
      <a href={ACCOUNT} className="min-h-8 rounded-md px-2 py-1.5 hover:bg-hover">{t("nav.account")}</a>
      <button type="button" className="min-h-8 rounded-md px-2 text-start hover:bg-hover" onClick={() => void signOut().then((gone) => gone || fail(t("offline.not-signed-out")), fail)}>{t("nav.sign-out")}</button>
    </div>
  );
}
