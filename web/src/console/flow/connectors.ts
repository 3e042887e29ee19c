// A connector as the server lists it, and as it is typed.

import type { Values } from "../kit/values";

export interface Connector {
  id: string;
  name: string | null;
  enabled: boolean;
  position: number | null;
  /** It stands in the settings' file, and is changed there. */
  from_settings: boolean;
  direction: "out" | "in";
  domains: string[];
  relay?: string | null;
  encryption?: string;
  user?: string | null;
  source?: string | null;
  networks?: string[];
  certificates?: string[];
  needs_tls?: boolean;
  only_from?: boolean;
  account?: string | null;
}

export interface Step {
  step: "find" | "connect" | "tls" | "certificate" | "sign-in";
  outcome: "good" | "poor" | "failed";
  detail: string;
}

const USUAL_POSITION = "100";

/** What stands in the form at first; the password is never told. */
export function typedOf(of?: Connector): Values {
  if (of === undefined) return { enabled: true, position: USUAL_POSITION };
  const lines = (all: string[] | undefined) => (all ?? []).join("\n");
  return {
    name: of.name ?? "",
    enabled: of.enabled,
    position: String(of.position ?? USUAL_POSITION),
    domains: lines(of.domains),
    relay: of.relay ?? "",
    encryption: of.encryption ?? "required",
    user: of.user ?? "",
    source: of.source ?? "",
    networks: lines(of.networks),
    certificates: lines(of.certificates),
    needs_tls: of.needs_tls ?? false,
    only_from: of.only_from ?? false,
    account: of.account ?? "",
  };
}

/** What is sent: a password that was not typed is left out, which leaves the one that is known. */
export function bodyOf(direction: Connector["direction"], typed: Record<string, unknown>, of?: Connector): Record<string, unknown> {
  const body: Record<string, unknown> = { ...typed, direction, id: of?.id ?? null };
  if (body.password === "") body.password = null;
  return body;
}
