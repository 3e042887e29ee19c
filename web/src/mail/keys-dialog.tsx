import { useTranslation } from "react-i18next";
import { Dialog } from "../ui/dialog";
import { type Command, KEYS } from "./keys";

const shown: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };

/** The commands that there are, with their keys. */
export default function KeysDialog({ close, known }: { close: () => void; known: Command[] }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("keys.title")} isOpen close={close}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 sm:grid-cols-[auto_1fr_auto_1fr]">
        {known.map((command) => (
          <div key={command} className="contents">
            <dt className="flex flex-wrap gap-1">
              {KEYS[command].map((keys) => (
                <span key={keys} className="flex items-center gap-1">
                  {keys.split(" ").map((key, index) => (
                    <span key={key} className="flex items-center gap-1">
                      {index > 0 && <span className="text-quiet">{t("keys.then")}</span>}
                      <kbd className="min-w-6 rounded-md border border-line bg-ground px-1.5 text-center font-sans">{shown[key] ?? key}</kbd>
                    </span>
                  ))}
                </span>
              ))}
            </dt>
            <dd>{t(`keys.${command}`)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
