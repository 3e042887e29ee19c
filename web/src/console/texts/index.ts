// The console's own texts: each part of it has its catalogue beside it.

import type { Catalogue } from "../../i18n/pseudo";

export async function consoleTexts(tag: "en" | "zh-CN"): Promise<Catalogue> {
  return tag === "zh-CN" ? (await import("./zh-CN")).default : (await import("./en")).default;
}
