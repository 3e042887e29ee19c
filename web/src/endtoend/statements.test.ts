import { beforeEach, expect, test, vi } from "vitest";
import { type Client, Refused } from "../jmap/client";
import { NOTHING, type Said, verify, write } from "./said";

/** A signature that anybody can read and nobody but `me` can make. */
vi.mock("./engine", () => ({
  unlockedNow: () => me,
  useUnlocked: () => me,
  protect: async (content: Uint8Array) => `${me}:${new TextDecoder().decode(content)}`,
  revealOwn: async (armored: string) => {
    const [signer, ...rest] = armored.split(":");
    if (signer === "damaged") throw new Error("damaged");
    return { content: new TextEncoder().encode(rest.join(":")), signature: signer === me ? "good" : signer === "" ? "none" : "unknown" };
  },
}));

const { say, startAnew, statements } = await import("./statements");

let me = "KEY";
const OWNER = "li@trade.test";
const about = (address: string) => ({ address, fingerprint: "0".repeat(40), at: "2026-11-27T10:00:00Z" });

/** What the server keeps, and what another browser does before it answers. */
let content: string | null;
let between: (() => void) | undefined;

const client = {
  session: { username: OWNER },
  call: async (name: string, args: { ifInState?: string; update?: { singleton: { content: string } } }) => {
    if (name === "KeyStatements/get") return { list: [{ id: "singleton", content }], state: String(content) };
    between?.();
    between = undefined;
    if (args.ifInState !== String(content)) throw new Refused("stateMismatch");
    content = args.update?.singleton.content ?? null;
    return { updated: { singleton: null } };
  },
} as unknown as Client;

const heard = () => statements(client, "a");
const verifyHere = (address: string) => say(client, "a", (said) => verify(said, about(address)));
const addresses = ({ verified }: Said) => verified.map(({ address }) => address);

beforeEach(() => {
  localStorage.clear();
  [content, between, me] = [null, undefined, "KEY"];
});

test("what is said in one browser is heard in another, and neither undoes the other", async () => {
  expect(await heard()).toEqual(NOTHING);
  await verifyHere("wei@trade.test");
  localStorage.clear();
  expect(addresses(await heard())).toEqual(["wei@trade.test"]);
  const other = write(OWNER, verify(await heard(), about("ana@trade.test")));
  between = () => {
    content = `KEY:${other}`;
  };
  await verifyHere("bo@trade.test");
  expect(addresses(await heard())).toEqual(["wei@trade.test", "ana@trade.test", "bo@trade.test"]);
});

test("what the server alters, makes up, rolls back or loses counts for nothing", async () => {
  await verifyHere("wei@trade.test");
  const first = content;
  await verifyHere("ana@trade.test");
  const second = content ?? "";
  const cases: [string | null, string][] = [
    ["damaged:", "altered"], [second.replace("KEY:", ":"), "unsigned"], [second.replace("KEY:", "OTHER:"), "unsigned"],
    ["KEY:From: li@trade.test", "altered"], [`KEY:${write("wei@trade.test", NOTHING)}`, "altered"], [first, "older"], [null, "gone"],
  ];
  for (const [given, reason] of cases) {
    content = given;
    // One after the other: they share what the server keeps.
    // oxlint-disable-next-line no-await-in-loop
    await expect(heard(), reason).rejects.toMatchObject({ reason });
    // Nothing is added to what does not count.
    // oxlint-disable-next-line no-await-in-loop
    await expect(verifyHere("bo@trade.test"), reason).rejects.toMatchObject({ reason });
    expect(content).toBe(given);
  }
  await startAnew(client, "a");
  expect(addresses(await heard())).toEqual([]);
  content = second;
  await expect(heard()).rejects.toMatchObject({ reason: "older" });
});

test("another key of one's own begins anew", async () => {
  await verifyHere("wei@trade.test");
  me = "NEW";
  await expect(heard()).rejects.toMatchObject({ reason: "unsigned" });
  await startAnew(client, "a");
  expect(addresses(await heard())).toEqual([]);
});
