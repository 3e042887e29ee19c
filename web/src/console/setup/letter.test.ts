import { expect, test } from "vitest";
import { isOver, type Story, tellingSteps } from "./letter";

const story = (over: Partial<Story>): Story => ({ id: "1", time: "", direction: "out", outcome: "waiting", verdict: "none", from: "a@x.test", to: ["b@y.test"], more: 0, subject: "", bytes: 1, client: null, message_id: "", standing: "", steps: [], ...over });

test("of several attempts the last answer is told", () => {
  const steps = ["connected", "queued", "attempted", "attempted", "told"].map((kind, index) => ({ time: "", kind, text: `${kind} ${index}` }));
  expect(tellingSteps(story({ steps }))).toEqual(["attempted 3", "told 4"]);
});

test("of what comes it is told who sent it and where it went", () => {
  const steps = ["connected", "received", "authenticated", "judged", "delivered"].map((kind) => ({ time: "", kind, text: kind }));
  expect(tellingSteps(story({ direction: "in", steps }))).toEqual(["authenticated", "judged", "delivered"]);
});

test("what waits is not over", () => {
  expect(["waiting", "held", "delivered", "failed", "refused"].filter((outcome) => isOver({ outcome }))).toEqual(["delivered", "failed", "refused"]);
});
