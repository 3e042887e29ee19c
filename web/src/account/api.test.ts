import { expect, test } from "vitest";
import { idInPath, idOfPath, marked, unmarked } from "./api";

test("identifiers come and go with all their digits, and what people write stays as it is", () => {
  const answer = '{"id":9007199254740993,"other":9223372036854775807,"count":12,"text":"a \\"id\\":7, b"}';
  const read = JSON.parse(marked(answer)) as { id: string; other: string; count: number; text: string };
  expect(read.count).toBe(12);
  expect(read.text).toBe('a "id":7, b');
  expect(unmarked(JSON.stringify({ id: read.id, name: "123", hex: "42" }))).toBe('{"id":9007199254740993,"name":"123","hex":"42"}');
  expect(idOfPath(idInPath(read.id))).toBe(read.id);
  expect(idOfPath("1a2b")).toBe("1a2b");
});
