import { expect, test } from "vitest";
import type { Message } from "../jmap/types";
import { Bodies, BODIES_MAX } from "./bodies";

const message = (id: string, letters = 1) => ({ id, bodyValues: { 1: { value: "x".repeat(letters) } } }) as unknown as Message;

test("the oldest go, what is pinned stays however much it is", () => {
  const gone: string[] = [];
  const bodies = new Bodies((id) => gone.push(id));
  const long = Array.from({ length: BODIES_MAX + 10 }, (_, index) => `p${index}`);
  bodies.pin(long);
  for (const id of ["old", ...long]) bodies.set(id, message(id));
  bodies.touch(long);
  expect([gone, bodies.size]).toEqual([["old"], long.length]);
  bodies.pin(["new"]);
  bodies.set("new", message("new"));
  bodies.touch(["new"]);
  expect([bodies.size, bodies.has("new"), bodies.has("p0"), bodies.has("p69")]).toEqual([BODIES_MAX, true, false, true]);
});

test("a few very long ones are as much as many", () => {
  const bodies = new Bodies(() => {});
  for (const id of ["a", "b", "c"]) {
    bodies.set(id, message(id, 3_000_000));
    bodies.touch([id]);
  }
  expect([...bodies.keys()]).toEqual(["b", "c"]);
});
