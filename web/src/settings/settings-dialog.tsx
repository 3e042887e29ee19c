import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { choose, LANGUAGES } from "../i18n";
import { askToNotify } from "../mail/notify";
import { forgetMail } from "../offline/kept";
import { Dialog } from "../ui/dialog";
import { useNotices } from "../ui/notices";
import { type Density, prefer, type Pictures, type Theme, usePreferences } from "./preferences";

const Signatures = lazy(() => import("./signatures"));

function Choice<T extends string>({ label, value, options, choose: take }: { label: string; value: T; options: [T, string][]; choose: (value: T) => void }) {
  return (
    <label className="mb-3 flex flex-wrap items-center justify-between gap-2">
      <span className="text-quiet">{label}</span>
      <select className="min-h-8 min-w-44 rounded-md border border-strong-line bg-paper px-2" value={value} onChange={(event) => take(event.target.value as T)}>
        {options.map(([option, name]) => (
          <option key={option} value={option}>{name}</option>
        ))}
      </select>
    </label>
  );
}

export default function SettingsDialog({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation();
  const { theme, density, pictures, notifies, offline } = usePreferences();
  const { say, fail } = useNotices();
  const notify = async (wanted: boolean) => {
    const may = wanted && (await askToNotify());
    prefer({ notifies: may });
    if (wanted && !may) say(t("settings.notify-refused"));
  };
  return (
    <Dialog title={t("settings.title")} isOpen close={close}>
      <Choice label={t("settings.language")} value={i18n.language} options={LANGUAGES.map(({ tag, name }) => [tag, name])} choose={(tag) => void choose(tag)} />
      <Choice<Theme>
        label={t("settings.theme")}
        value={theme}
        options={[["system", t("settings.theme-system")], ["light", t("settings.theme-light")], ["dark", t("settings.theme-dark")]]}
        choose={(value) => prefer({ theme: value })}
      />
      <Choice<Density>
        label={t("settings.density")}
        value={density}
        options={[["two", t("settings.density-two")], ["one", t("settings.density-one")]]}
        choose={(value) => prefer({ density: value })}
      />
      <Choice<Pictures>
        label={t("settings.pictures")}
        value={pictures}
        options={[["ask", t("settings.pictures-ask")], ["partners", t("settings.pictures-partners")]]}
        choose={(value) => prefer({ pictures: value })}
      />
      <label className="mb-3 flex items-center justify-between gap-2">
        <span className="text-quiet">{t("settings.notify")}</span>
        <input type="checkbox" className="accent-accent" checked={notifies} onChange={(event) => void notify(event.target.checked)} />
      </label>
      <label className="mb-3 flex items-center justify-between gap-2">
        <span className="text-quiet">{t("settings.offline")}</span>
        <input
          type="checkbox"
          className="accent-accent"
          checked={offline}
          onChange={(event) => {
            prefer({ offline: event.target.checked });
            if (!event.target.checked) forgetMail().catch(fail);
          }}
        />
      </label>
      <Suspense><Signatures /></Suspense>
    </Dialog>
  );
}
