// By which servers mail to certain domains leaves, and which partners' servers may hand mail in. It holds at once, on every node.

import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton, ActForm, type Field, FormButton } from "../kit/form";
import { Dialog } from "../../ui/dialog";
import { Button } from "../../ui/button";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { ScreenPage, Tone } from "../kit/parts";
import { type Load, whole } from "../kit/remote";
import { type Connector, type Step, bodyOf, typedOf } from "./connectors";

const load = (direction: Connector["direction"]): Load<Connector> => whole<Connector>("connector-list", () => ({}), (row) => row.direction === direction);
const loadOut = load("out");
const loadIn = load("in");

const PLACE: Field[] = [
  { name: "position", label: "connectors.position", hint: "connectors.position-hint", kind: "number", min: 0, max: 1_000_000 },
  { name: "enabled", label: "connectors.enabled", kind: "switch" },
];

const OUT: Field[] = [
  { name: "name", label: "connectors.name" },
  { name: "domains", label: "connectors.domains-out", hint: "connectors.domains-hint", kind: "lines" },
  { name: "relay", label: "connectors.relay", hint: "connectors.relay-hint", isOptional: true },
  { name: "encryption", label: "connectors.encryption", kind: "choice", options: ["required", "required-1.3", "opportunistic"].map((it): [string, string] => [it, `connectors.tls-${it.replace(".", "")}`]) },
  { name: "user", label: "connectors.user", isOptional: true },
  { name: "password", label: "connectors.password", hint: "connectors.password-hint", kind: "secret", isOptional: true },
  { name: "source", label: "connectors.source", hint: "connectors.source-hint", isOptional: true },
  ...PLACE,
];

const IN: Field[] = [
  { name: "name", label: "connectors.name" },
  { name: "networks", label: "connectors.networks", hint: "connectors.networks-hint", kind: "lines", isOptional: true },
  { name: "certificates", label: "connectors.certificates", hint: "connectors.certificates-hint", kind: "lines", isOptional: true },
  { name: "domains", label: "connectors.domains-in", hint: "connectors.domains-in-hint", kind: "lines", isOptional: true },
  { name: "needs_tls", label: "connectors.needs-tls", kind: "switch" },
  { name: "only_from", label: "connectors.only-from", kind: "switch" },
  { name: "account", label: "connectors.account", hint: "connectors.account-hint", kind: "address", isOptional: true },
  ...PLACE,
];

export default function ConnectorsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const { alone } = useMe();
  const [version, setVersion] = useState(0);
  if (!alone) return <ScreenPage title={t("connectors.title")}><p>{t("reports.not-alone")}</p></ScreenPage>;
  const again = () => setVersion((before) => before + 1);
  const form = (direction: Connector["direction"], row?: Connector) => ({
    action: "connector-set",
    submit: "connectors.save",
    fields: direction === "out" ? OUT : IN,
    initial: typedOf(row),
    body: (typed: Record<string, unknown>) => bodyOf(direction, typed, row),
    done: again,
  });
  const mayChange = may("connector.change");
  const acts = mayChange && (
    <>
      <FormButton label="connectors.add-out" look="first" {...form("out")} />
      <FormButton label="connectors.add-in" {...form("in")} />
    </>
  );
  const deeds = (row: Connector): ReactNode => mayChange && !row.from_settings && (
    <>
      {row.direction === "out" && row.enabled && <Try connector={row} />}
      <FormButton label="connectors.change" name={row.name ?? ""} {...form(row.direction, row)} />
      <ActButton action="connector-remove" body={{ id: row.id }} label="people.take-away" name={row.name ?? ""} ask={t("connectors.remove-ask", { name: row.name ?? "" })} done={again} />
    </>
  );
  return (
    <ScreenPage title={t("connectors.title")} about={<>{t("connectors.about")} {may("policy.read") && <Link to={"/protection" as string} className="text-accent underline">{t("protection.title")}</Link>}</>} acts={acts}>
      <List<Connector>
        title="connectors.out"
        load={loadOut}
        version={version}
        empty="connectors.out-none"
        rowKey={(row) => row.id}
        columns={[
          { title: "connectors.name", cell: (row) => row.from_settings ? <span className="text-quiet">{t("connectors.of-settings")}</span> : <>{row.name} <Off of={row} /></>, text: (row) => row.name ?? "delivery.route" },
          { title: "connectors.domains", cell: (row) => <span dir="ltr">{row.domains.join(", ")}</span>, text: (row) => row.domains.join(" ") },
          { title: "connectors.relay", cell: (row) => row.relay === undefined || row.relay === null ? <span className="text-quiet">{t("connectors.exchangers")}</span> : <span dir="ltr">{row.user ? `${row.user}@` : ""}{row.relay}</span>, text: (row) => row.relay ?? "" },
          { title: "connectors.encryption", cell: (row) => t(`connectors.tls-${(row.encryption ?? "").replace(".", "")}`), text: (row) => row.encryption ?? "" },
          { title: "connectors.position", cell: (row) => row.position ?? "–", text: (row) => String(row.position ?? ""), isNumber: true },
        ]}
        acts={deeds}
      />
      <List<Connector>
        title="connectors.in"
        load={loadIn}
        version={version}
        empty="connectors.in-none"
        rowKey={(row) => row.id}
        columns={[
          { title: "connectors.name", cell: (row) => <>{row.name} <Off of={row} /></>, text: (row) => row.name ?? "" },
          { title: "connectors.known-by", cell: (row) => <span dir="ltr" className="break-all">{[...(row.networks ?? []), ...(row.certificates ?? []).map((it) => `${it.slice(0, 16)}…`)].join(", ")}</span>, text: (row) => [...(row.networks ?? []), ...(row.certificates ?? [])].join(" ") },
          { title: "connectors.domains", cell: (row) => <span dir="ltr">{row.domains.join(", ")}</span>, text: (row) => row.domains.join(" ") },
          { title: "connectors.asks", cell: (row) => <Asks of={row} />, text: (row) => [row.needs_tls && "tls", row.only_from && "only-from", row.account].filter(Boolean).join(" ") },
        ]}
        acts={deeds}
      />
    </ScreenPage>
  );
}

function Off({ of }: { of: Connector }) {
  const { t } = useTranslation();
  return of.enabled ? null : <Tone tone="quiet">{t("connectors.off")}</Tone>;
}

function Asks({ of }: { of: Connector }) {
  const { t } = useTranslation();
  return (
    <ul>
      {of.needs_tls && <li>{t("connectors.says-tls")}</li>}
      {of.only_from && <li>{t("connectors.says-only-from")}</li>}
      {of.account && <li>{t("connectors.says-relay", { account: of.account })}</li>}
    </ul>
  );
}

/** Tries a connector, and explains step by step. */
function Try({ connector }: { connector: Connector }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const [steps, setSteps] = useState<Step[]>();
  const needsDomain = !connector.relay && connector.domains.every((it) => it.startsWith("*"));
  const fields: Field[] = needsDomain ? [{ name: "domain", label: "connectors.test-domain" }] : [];
  return (
    <>
      <Button aria-label={`${t("connectors.test")}: ${connector.name ?? ""}`} onPress={() => { setSteps(undefined); setOpen(true); }}>{t("connectors.test")}</Button>
      <Dialog title={t("connectors.test-title", { name: connector.name ?? "" })} isOpen={isOpen} close={() => setOpen(false)}>
        <p className="mb-3 text-quiet">{t("connectors.test-about")}</p>
        <ActForm<{ steps?: Step[] }> action="connector-test" fields={fields} fixed={{ id: connector.id, ...(needsDomain ? {} : { domain: null }) }} submit="connectors.test-now" done={(result) => setSteps(result.steps ?? [])} />
        {steps && (
          <ol aria-live="polite" className="mt-3 flex flex-col gap-1">
            {steps.map(({ step, outcome, detail }) => (
              <li key={step}>
                <Tone tone={({ good: "ok", poor: "warning", failed: "danger" } as const)[outcome]}>{t(`connectors.step-${step}`)}</Tone>
                <div className="ps-4">{t(`connectors.step-${step}-${outcome}`)} {detail && <span dir="auto" className="break-words text-quiet">{detail}</span>}</div>
              </li>
            ))}
          </ol>
        )}
      </Dialog>
    </>
  );
}
