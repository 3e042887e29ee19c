import { expect, test } from "vitest";
import { placeOf } from "./places";

test("a place is what the setting has, however much of it is typed", () => {
  expect(placeOf({ kind: "directory", place: "/mnt/backup" })).toBe("/mnt/backup");
  expect(placeOf({ kind: "s3", place: "s3.example/bucket/mail" })).toBe("s3:https://s3.example/bucket/mail");
  expect(placeOf({ kind: "s3", place: "http://s3.example/bucket" })).toBe("s3:http://s3.example/bucket");
  expect(placeOf({ kind: "rest", place: "rest:https://backup.example/mail" })).toBe("rest:https://backup.example/mail");
});
