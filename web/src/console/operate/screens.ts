import { page, place, type Screen } from "../kit/screen";

export const operateScreens: Screen[] = [
  place("operate", "/level", "level.title", ["policy.read"], () => import("./level-screen")),
  place("operate", "/settings", "setting.title", ["policy.read"], () => import("./settings-screen")),
  page("operate", "/settings/$name", "setting.title", ["policy.read"], () => import("./setting-screen")),
  place("operate", "/backups", "backups.title", ["store.check"], () => import("./backups-screen")),
  place("operate", "/space", "space.title", ["account.read"], () => import("./space-screen")),
  place("operate", "/store", "storage.title", ["store.check"], () => import("./store-screen")),
];
