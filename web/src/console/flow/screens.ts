import { page, place, type Screen } from "../kit/screen";

export const flowScreens: Screen[] = [
  place("flow", "/trace", "tracing.title", ["trace.read"], () => import("./trace-screen")),
  page("flow", "/trace/$id", "tracing.one", ["trace.read"], () => import("./traced-screen")),
  place("flow", "/queue", "queue.title", ["queue.read"], () => import("./queue-screen")),
  page("flow", "/queue/$id", "queue.one", ["queue.read"], () => import("./queued-screen")),
  place("flow", "/domains", "domains.title", ["domain.read"], () => import("./domains-screen")),
  page("flow", "/domains/$domain", "domains.one", ["domain.read"], () => import("./domain-screen")),
  place("flow", "/connectors", "connectors.title", ["domain.read"], () => import("./connectors-screen")),
  place("flow", "/protection", "protection.title", ["policy.read"], () => import("./protection-screen")),
  place("flow", "/blocklists", "blocklists.title", ["evidence.read"], () => import("./blocklists-screen")),
  place("flow", "/reports", "reports.title", ["report.read"], () => import("./reports-screen")),
];
