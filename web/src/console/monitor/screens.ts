import { place, type Screen } from "../kit/screen";

export const monitorScreens: Screen[] = [
  place("monitor", "/", "overview.title", [], () => import("../overview/overview-screen")),
];
