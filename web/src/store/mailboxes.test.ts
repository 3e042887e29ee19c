import { expect, test } from "vitest";
import type { Mailbox } from "../jmap/types";
import { within, wrongName } from "./mailboxes";

const box = (id: string, name: string, parentId: string | null = null) => ({ id, name, parentId }) as Mailbox;
const boxes = [box("1", "Orders"), box("2", "2026", "1"), box("3", "March", "2"), box("4", "Other")];

test("names that will not do are told before they are sent", () => {
  const wrong = (name: string, parentId: string | null = null, own?: string) => wrongName({ name, parentId }, boxes, 20, own);
  expect(wrong("  ")).toBe("folders.name-empty");
  expect(wrong("a/b")).toBe("folders.name-slash");
  expect(wrong("报价单报价单报价")).toBe("folders.name-long");
  expect(wrong("orders")).toBe("folders.name-taken");
  expect(wrong("orders", null, "1")).toBeUndefined();
  expect(wrong("orders", "1")).toBeUndefined();
});

test("a mailbox cannot be put into what lies in it", () => {
  expect([...within("1", boxes)].toSorted()).toEqual(["1", "2", "3"]);
  expect([...within("4", boxes)]).toEqual(["4"]);
});
