import { useTranslation } from "react-i18next";
import { Block } from "../kit/parts";

/** What one state has and another has not. */
export interface Difference {
  what?: string;
  name?: string;
  from?: unknown;
  to?: unknown;
  old?: unknown;
  new?: unknown;
}

const text = (value: unknown): string => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** Two states beside one another, line by line. */
export function Compared({ title, differences }: { title: string; differences: Difference[] }) {
  const { t } = useTranslation();
  return (
    <Block title={title}>
      {differences.length === 0 ? <p>{t("setting.same")}</p> : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div role="group" aria-label={t("kit.table", { title: t(title) })} tabIndex={0} className="overflow-x-auto">
          <table className="w-full">
            <thead><tr className="text-quiet"><th scope="col" className="pe-4 text-start font-medium">{t("setting.what")}</th><th scope="col" className="pe-4 text-start font-medium">{t("setting.from")}</th><th scope="col" className="text-start font-medium">{t("setting.to")}</th></tr></thead>
            <tbody>
              {differences.map((it) => (
                <tr key={it.what ?? it.name} className="border-t border-line align-top">
                  <td className="pe-4"><code dir="ltr">{it.what ?? it.name}</code></td>
                  <td className="pe-4"><code dir="ltr" className="break-all">{text(it.from ?? it.old)}</code></td>
                  <td><code dir="ltr" className="break-all">{text(it.to ?? it.new)}</code></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Block>
  );
}
