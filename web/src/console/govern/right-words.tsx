import { useTranslation } from "react-i18next";
import { readBecause, type Row } from "./right-row";
import { rightKey, roleName } from "./roles";

/** What a right lets somebody do, in the reader's words; one that this page does not know by its name. */
export function useRightName(): (right: string) => string {
  const { t, i18n } = useTranslation();
  return (right) => (i18n.exists(`right.${rightKey(right)}`) ? t(`right.${rightKey(right)}`) : right);
}

export function RowWords({ row }: { row: Row }) {
  const { t } = useTranslation();
  const rightName = useRightName();
  return <>{t(`rights.row-${row.effect}`, { role: roleName(row.role, t), right: rightName(row.action), scope: t(`rights.scope-${row.scope}`) })}</>;
}

const REASONS: Record<string, string> = { "no row allows it": "no-row", "a row denies it": "denied", "what was lent is over or has not begun": "not-now", "what was lent": "lent" };

/** Why something is allowed or not. */
export function Because({ words }: { words: string }) {
  const { t } = useTranslation();
  const { reason, row } = readBecause(words);
  const known = REASONS[reason];
  return <>{reason !== "" && (known ? t(`rights.reason-${known}`) : reason)}{reason !== "" && row && t("protect.colon")} {row && <RowWords row={row} />}</>;
}

