import { expect, test } from "vitest";
import { bodyOf, type Connector, typedOf } from "./connectors";

const relay: Connector = { id: "1f", name: "Relay", enabled: false, position: 5, from_settings: false, direction: "out", domains: ["*.ir", "partner.example"], relay: "relay.example:587", encryption: "required", user: "me", source: null };

test("a connector that is changed stands in its form, without its password", () => {
  const typed = typedOf(relay);
  expect(typed).toMatchObject({ name: "Relay", enabled: false, position: "5", domains: "*.ir\npartner.example", user: "me", source: "" });
  expect(typed).not.toHaveProperty("password");
  expect(typedOf()).toEqual({ enabled: true, position: "100" });
});

test("a password that was not typed is left as it is", () => {
  expect(bodyOf("out", { name: "Relay", password: "" }, relay)).toEqual({ name: "Relay", password: null, direction: "out", id: "1f" });
  expect(bodyOf("out", { name: "Relay", password: "x" })).toEqual({ name: "Relay", password: "x", direction: "out", id: null });
});
