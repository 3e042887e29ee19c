import { expect, test } from "vitest";
import english from "./texts/en.json";
import chinese from "./texts/zh-CN.json";

const sources = Object.values(import.meta.glob("./*.ts", { query: "?raw", import: "default", eager: true })) as string[];
const names = (text: string) => [...text.matchAll(/\{([a-z]+)\}/g)].map((found) => found[1]).toSorted();

test("each language says everything, with the same values", () => {
  expect(Object.keys(chinese)).toEqual(Object.keys(english));
  for (const [key, text] of Object.entries(english)) {
    const other = (chinese as Record<string, string>)[key] ?? "";
    expect(names(other), key).toEqual(names(text));
    expect(other, key).not.toBe(text);
  }
});

test("what is said is in the catalogue, and what is in the catalogue is said", () => {
  const text = sources.join("\n");
  for (const [, key] of text.matchAll(/\bsay\("([\w-]+)"/g)) expect(english, key).toHaveProperty(key ?? "");
  for (const key of Object.keys(english)) expect(text.includes(`"${key}"`) || key.startsWith("error-"), key).toBe(true);
});
