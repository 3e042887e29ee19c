import { page, place, type Screen } from "../kit/screen";

const QUARANTINE = ["quarantine.read"];
const GUARD = ["guard.read"];

export const defendScreens: Screen[] = [
  place("defend", "/quarantine", "quarantine.title", QUARANTINE, () => import("./quarantine-screen")),
  page("defend", "/quarantine/$id", "quarantine.one", QUARANTINE, () => import("./quarantined-screen")),
  place("defend", "/threats", "threats.title", QUARANTINE, () => import("./threats-screen")),
  page("defend", "/threats/campaigns", "campaigns.title", QUARANTINE, () => import("./campaigns-screen")),
  page("defend", "/threats/campaigns/$id", "campaigns.one", QUARANTINE, () => import("./campaign-screen")),
  page("defend", "/threats/pulled", "pulled.title", QUARANTINE, () => import("./pulled-screen")),
  page("defend", "/threats/mail/$id", "judged.title", QUARANTINE, () => import("./judged-screen")),
  place("defend", "/cases", "cases.title", GUARD, () => import("./cases-screen")),
  page("defend", "/cases/$id", "cases.one", GUARD, () => import("./case-screen")),
  place("defend", "/partners", "partners.title", GUARD, () => import("./partners-screen")),
  page("defend", "/partners/alikes", "alikes.title", GUARD, () => import("./alikes-screen")),
  page("defend", "/partners/of/$name", "partners.one", GUARD, () => import("./partner-screen")),
  place("defend", "/reported", "reported.title", QUARANTINE, () => import("./reported-screen")),
  page("defend", "/reported/complaints", "complaints.title", QUARANTINE, () => import("./complaints-screen")),
  place("defend", "/senders", "senders.title", QUARANTINE, () => import("./senders-screen")),
  place("defend", "/lists", "lists.title", ["list.read"], () => import("./lists-screen")),
  place("defend", "/judging", "judging.title", ["policy.read", "quarantine.read"], () => import("./judging-screen")),
  page("defend", "/judging/quality", "quality.title", QUARANTINE, () => import("./quality-screen")),
  place("defend", "/feeds", "feeds.title", QUARANTINE, () => import("./feeds-screen")),
];
