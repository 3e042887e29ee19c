import type { Screen } from "../kit/screen";

export const governScreens: Screen[] = [];
