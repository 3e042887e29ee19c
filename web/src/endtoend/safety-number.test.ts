import { encodeQR } from "qr";
import { decodeQR } from "qr/decode.js";
import { expect, test } from "vitest";
import { grouped } from "../i18n/format";
import { codeOf, compare, safetyNumber } from "./safety-number";

const ONE = "0123456789ABCDEF0123456789ABCDEF01234567";
const OTHER = "89ABCDEF0123456789ABCDEF0123456789ABCDEF";

test("both sides see the same number, which no other pair of keys has", async () => {
  const number = await safetyNumber(ONE, OTHER);
  expect(number).toMatch(/^\d{60}$/);
  // Worked out with Python's hashlib.
  expect(grouped(number, 5)).toBe("31558 07711 61517 55596 34161 34254 17511 64481 34299 60573 43073 96475");
  expect(await safetyNumber(OTHER, ONE.toLowerCase())).toBe(number);
  expect(await safetyNumber(ONE, ONE)).not.toBe(number);
  expect(await safetyNumber(ONE, OTHER.replace("8", "9"))).not.toBe(number);
});

test("a code says whether it is of the same keys", async () => {
  const number = await safetyNumber(ONE, OTHER);
  expect(compare(` ${codeOf(number)}\n`, number, OTHER)).toBe("same");
  expect(compare(codeOf(await safetyNumber(ONE, ONE)), number, OTHER)).toBe("different");
  expect(compare(`${codeOf(number)}0`, number, OTHER)).toBe("different");
  // As OpenKeychain and others show the fingerprint of a key.
  expect(compare(`OPENPGP4FPR:${OTHER}`, number, OTHER)).toBe("same");
  expect(compare(`openpgp4fpr:${OTHER.toLowerCase()}#a=li%40trade.test`, number, OTHER)).toBe("same");
  expect(compare(`OPENPGP4FPR:${ONE}`, number, OTHER)).toBe("different");
  expect(compare("OPENPGP4FPR:", number, OTHER)).toBe("different");
  expect(compare(`OPENPGP4FPR:${OTHER.slice(0, 16)}`, number, OTHER)).toBe("different");
  expect(compare("https://evil.test/", number, OTHER)).toBe("foreign");
});

test("a code that is shown is read again", async () => {
  const code = codeOf(await safetyNumber(ONE, OTHER));
  const rows = encodeQR(code, "raw", { ecc: "medium", border: 4, scale: 3 });
  const pixels = rows.flatMap((row) => row.flatMap((isDark) => [isDark ? 0 : 255, isDark ? 0 : 255, isDark ? 0 : 255, 255]));
  expect(decodeQR({ width: rows.length, height: rows.length, data: Uint8ClampedArray.from(pixels) })).toBe(code);
});
