import type { TFunction } from "i18next";
import { PasskeyTrouble } from "./passkey";

/** What went wrong with a passkey, in words. */
export const passkeyWords = (error: Error, t: TFunction): string => (error instanceof PasskeyTrouble ? t(`end.passkey-${error.reason}`) : t("app.error", { reason: error.message }));
