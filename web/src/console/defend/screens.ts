import type { Screen } from "../kit/screen";

export const defendScreens: Screen[] = [];
