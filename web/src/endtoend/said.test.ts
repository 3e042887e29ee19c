import { expect, test } from "vitest";
import { claim, NOTHING, read, trustOf, verify, withdraw, write } from "./said";

const [ONE, OTHER] = ["0".repeat(40), "1".repeat(40)];
const about = (address: string, fingerprint: string) => ({ address, fingerprint, at: "2026-11-27T10:00:00Z" });
const said = verify(verify({ ...NOTHING, count: 7 }, about("li@trade.test", ONE)), about("wei@trade.test", ONE));

test("a key is verified until it is another, or somebody takes it back", () => {
  expect(trustOf(said, "li@trade.test", ONE)).toBe("verified");
  expect(trustOf(said, "li@trade.test", OTHER)).toBe("changed");
  expect(trustOf(said, "ana@trade.test", ONE)).toBe("never");
  const anew = verify(said, about("li@trade.test", OTHER));
  expect([trustOf(anew, "li@trade.test", OTHER), trustOf(anew, "li@trade.test", ONE), anew.verified.length]).toEqual(["verified", "changed", 2]);
  const less = withdraw(said, "li@trade.test");
  expect([trustOf(less, "li@trade.test", OTHER), trustOf(less, "wei@trade.test", ONE)]).toEqual(["never", "verified"]);
});

test("own entries are claimed once", () => {
  expect(claim(claim(said, [ONE]), [ONE, OTHER]).own).toEqual([ONE, OTHER]);
});

test("it is read as it was written, for its owner alone", () => {
  const text = write("li@trade.test", claim(said, [OTHER]));
  expect(read(text, "li@trade.test")).toEqual(claim(said, [OTHER]));
  expect(read(text, "wei@trade.test")).toBeUndefined();
  for (const wrong of ["", "From: li@trade.test\r\n\r\n", text.slice(0, -1), text.replace("statements 1", "statements 2"), text.replace('"count":7', '"count":"7"'), text.replace('"address"', '"addres"'), text.replace('"own":[', '"own":[7,')]) {
    expect(read(wrong, "li@trade.test"), wrong).toBeUndefined();
  }
});
