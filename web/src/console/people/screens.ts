import { page, place, type Screen } from "../kit/screen";

export const peopleScreens: Screen[] = [
  place("people", "/people", "people.title", ["account.read"], () => import("./people-screen")),
  page("people", "/people/$address", "people.one", ["account.read"], () => import("./person-screen")),
];
