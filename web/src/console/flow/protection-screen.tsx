// What must protect messages to a partner.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage } from "../kit/parts";
import { whole } from "../kit/remote";

interface Rule {
  partner: string;
  ways: string[];
  since: string;
}

const WAYS = ["end-to-end", "smime", "openpgp", "portal", "verified-tls"];
const load = whole<Rule>("protection-list", () => ({ organisation: null }));

export default function ProtectionScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const again = () => setVersion((before) => before + 1);
  const acts = may("policy.change") && (
    <FormButton
      label="protection.add"
      look="first"
      action="protection-set"
      submit="protection.add"
      done={again}
      fields={[{ name: "partner", label: "protection.partner", hint: "protection.partner-hint", kind: "address" }, ...WAYS.map((way) => ({ name: way, label: `protection.way-${way}`, kind: "switch" as const }))]}
      body={(typed) => ({ partner: typed.partner, ways: WAYS.filter((way) => typed[way] === true), organisation: null })}
    />
  );
  return (
    <ScreenPage title={t("protection.title")} about={t("protection.about")} acts={acts}>
      <List<Rule>
        title="protection.title"
        load={load}
        version={version}
        empty="protection.none"
        filters={[{ name: "search", label: "kit.search" }]}
        rowKey={(row) => row.partner}
        columns={[
          { title: "protection.partner", cell: (row) => row.partner, text: (row) => row.partner },
          { title: "protection.ways", cell: (row) => row.ways.map((way) => t(`protection.way-${way}`)).join(t("people.or")), text: (row) => row.ways.join(" ") },
          { title: "protection.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
        ]}
        acts={may("policy.change") ? (row) => <ActButton action="protection-remove" body={{ partner: row.partner, organisation: null }} label="people.take-away" name={row.partner} ask={t("protection.remove-ask", { partner: row.partner })} done={again} /> : undefined}
      />
    </ScreenPage>
  );
}
