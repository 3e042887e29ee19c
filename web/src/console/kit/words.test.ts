import type { TFunction } from "i18next";
import { expect, test } from "vitest";
import { words } from "./words";

const t = ((name: string) => ({ "kit.any": "any" })[name] ?? { of: "a part of the catalogue" }) as unknown as TFunction;

test("what is called as a part of the catalogue is shown as it is", () => {
  expect(["kit.any", "watch", "reports", "Côte d’Ivoire", "Far v. Trade"].map((name) => words(t, name))).toEqual(["any", "watch", "reports", "Côte d’Ivoire", "Far v. Trade"]);
});
