import type { TFunction } from "i18next";

/** Names of texts: of which part, and which of it. */
const NAME_OF_TEXT = /^[a-z-]+\.[a-z0-9-]+$/;

/** What something is called: the text of that name, or words of its own that are shown as they are. The name of a whole part of the catalogue is no text. */
export const words = (t: TFunction, name: string): string => (NAME_OF_TEXT.test(name) ? t(name) : name);
