import { page, place, type Screen } from "../kit/screen";

export const monitorScreens: Screen[] = [
  place("monitor", "/", "overview.title", [], () => import("../overview/overview-screen")),
  place("monitor", "/setup", "setup.title", ["domain.change", "policy.change"], () => import("../setup/setup-screen")),
  place("monitor", "/overview-reports", "overview-reports.title", ["report.read"], () => import("../overview/reports-screen")),
  place("monitor", "/sign-ins", "watch.title", ["sign-in.read", "account.thaw"], () => import("./sign-ins-screen")),
  page("monitor", "/sign-ins/frozen", "watch.frozen", ["account.read"], () => import("./frozen-screen")),
  page("monitor", "/sign-ins/reviews", "watch.reviews", ["sign-in.read", "access.review"], () => import("./reviews-screen")),
  page("monitor", "/sign-ins/of/$address/$id", "watch.one", ["sign-in.read"], () => import("./sign-in-screen")),
];
