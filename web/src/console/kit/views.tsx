// Views that somebody has kept: the filters of a list under a name, in this browser.

import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";

const PLACE = "tradewind.views";
const NAME_LETTERS_MAX = 60;

interface View {
  name: string;
  path: string;
  search: Record<string, unknown>;
}

function readViews(): View[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(kept) ? (kept as View[]) : [];
  } catch {
    return [];
  }
}

export function SavedViews({ title }: { title: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname, search } = useRouterState({ select: (state) => state.location });
  const [views, setViews] = useState(readViews);
  const [isNaming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const here = views.filter((view) => view.path === pathname);
  const keep = (next: View[]) => {
    localStorage.setItem(PLACE, JSON.stringify(next));
    setViews(next);
  };
  const add = () => {
    keep([...views.filter((view) => view.path !== pathname || view.name !== name.trim()), { name: name.trim(), path: pathname, search: search as Record<string, unknown> }]);
    setNaming(false);
    setName("");
  };
  const run = (key: string) => {
    if (key === "keep") setNaming(true);
    else if (key.startsWith("drop ")) keep(views.filter((view) => view.path !== pathname || view.name !== key.slice(5)));
    else void navigate({ to: ".", search: (here.find((view) => view.name === key.slice(5))?.search ?? {}) as never });
  };
  const item = "cursor-pointer rounded-md px-3 py-1.5 outline-none data-[focused]:bg-hover";
  return (
    <>
      <MenuTrigger>
        <Button>{t("kit.views")}</Button>
        <Popover className="z-30 rounded-lg border border-line bg-paper p-1">
          <Menu aria-label={t("kit.views")} onAction={(key) => run(String(key))} className="outline-none">
            {here.map((view) => <MenuItem key={view.name} id={`show ${view.name}`} className={item}>{view.name}</MenuItem>)}
            {here.map((view) => <MenuItem key={`drop ${view.name}`} id={`drop ${view.name}`} className={`${item} text-quiet`}>{t("kit.view-drop", { name: view.name })}</MenuItem>)}
            <MenuItem id="keep" className={item}>{t("kit.view-keep")}</MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <Dialog title={t("kit.view-keep")} isOpen={isNaming} close={() => setNaming(false)}>
        <form
          className="flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== "") add();
          }}
        >
          <label className="flex flex-wrap items-center gap-2">
            <span className="text-quiet">{t("kit.view-name", { title: t(title) })}</span>
            <input dir="auto" required maxLength={NAME_LETTERS_MAX} value={name} onChange={(event) => setName(event.target.value)} className="min-h-8 flex-1 rounded-md border border-strong-line bg-paper px-2" />
          </label>
          <div className="flex justify-end"><Button look="first" type="submit">{t("kit.keep")}</Button></div>
        </form>
      </Dialog>
    </>
  );
}
