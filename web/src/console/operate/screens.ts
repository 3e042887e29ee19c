import type { Screen } from "../kit/screen";

export const operateScreens: Screen[] = [];
