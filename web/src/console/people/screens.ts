import { page, place, type Screen } from "../kit/screen";

export const peopleScreens: Screen[] = [
  place("people", "/people", "people.title", ["account.read"], () => import("./people-screen")),
  page("people", "/people/$address", "people.one", ["account.read"], () => import("./person-screen")),
  place("people", "/groups", "groups.title", ["group.read"], () => import("./groups-screen")),
  page("people", "/groups/$group", "groups.one", ["group.read"], () => import("./group-screen")),
  place("people", "/provisioning", "provision.title", ["provisioning.read", "account.create", "shared.change"], () => import("./provisioning-screen")),
  place("people", "/factors", "lacking.title", ["factor.read"], () => import("./lacking-screen")),
  place("people", "/table", "table.title", ["provisioning.change"], () => import("./table-screen")),
];
