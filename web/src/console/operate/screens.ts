import { place, type Screen } from "../kit/screen";

export const operateScreens: Screen[] = [
  place("operate", "/backups", "backups.title", ["store.check"], () => import("./backups-screen")),
  place("operate", "/space", "space.title", ["account.read"], () => import("./space-screen")),
  place("operate", "/store", "storage.title", ["store.check"], () => import("./store-screen")),
];
