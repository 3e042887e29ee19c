import type { Screen } from "../kit/screen";

export const flowScreens: Screen[] = [];
