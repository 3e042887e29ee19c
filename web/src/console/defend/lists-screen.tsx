// Who is always let in, and who never: each entry with who made it, why, and until when.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { holdsWords, whole } from "../kit/remote";
import { holdsFor, type Listed } from "./listed";

const KINDS: [string, string][] = ["address", "domain", "network", "key"].map((kind) => [kind, `lists.kind-${kind}`]);
const EFFECTS: [string, string][] = [["deny", "lists.list-deny"], ["allow", "lists.list-allow"]];
const TIMES: [string, string][] = ["soon", "long", "ever"].map((time) => [time, `lists.holds-${time}`]);

const load = whole<Listed>("list-show", () => ({ organisation: null }), (row, filters) => {
  const { list = "", kind = "", holds = "" } = filters;
  return (list === "" || row.list === list) && (kind === "" || row.kind === kind) && (holds === "" || holdsFor(row, new Date()) === holds) && holdsWords([row.value, row.owner, row.reason], filters);
});

export default function ListsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const [version, setVersion] = useState(0);
  const add = may("list.change") && (
    <FormButton
      label="lists.add"
      look="first"
      action="list-add"
      fixed={{ organisation: null }}
      fields={[
        { name: "effect", label: "lists.list", kind: "choice", options: EFFECTS },
        { name: "kind", label: "lists.kind", kind: "choice", options: KINDS },
        { name: "value", label: "lists.value", hint: "lists.value-hint" },
        { name: "reason", label: "lists.reason", hint: "lists.reason-hint", kind: "long" },
        { name: "owner", label: "lists.owner", hint: "lists.owner-hint" },
        { name: "expires_days", label: "lists.days", hint: "lists.days-hint", kind: "number", min: 1, isOptional: true },
        { name: "unauthenticated", label: "lists.unauthenticated", hint: "lists.lowers", kind: "switch" },
        { name: "despite_policy", label: "lists.despite-policy", hint: "lists.lowers", kind: "switch" },
      ]}
      initial={{ owner: me.address, expires_days: "90" }}
      submit="lists.add"
      done={() => setVersion((before) => before + 1)}
    />
  );
  return (
    <ScreenPage title={t("lists.title")} about={t("lists.about")} acts={add}>
      <List<Listed>
        title="lists.title"
        load={load}
        version={version}
        empty="lists.none"
        rowKey={(row) => row.id}
        filters={[
          { name: "search", label: "kit.search" },
          { name: "list", label: "lists.list", options: [["", "kit.any"], ...EFFECTS] },
          { name: "kind", label: "lists.kind", options: [["", "kit.any"], ...KINDS] },
          { name: "holds", label: "lists.holds", options: [["", "kit.any"], ...TIMES] },
        ]}
        columns={[
          { title: "lists.value", cell: (row) => <bdi className="font-medium">{row.value}</bdi>, text: (row) => row.value },
          { title: "lists.kind", cell: (row) => t(`lists.kind-${row.kind}`), text: (row) => row.kind },
          { title: "lists.list", cell: (row) => <Tone tone={row.list === "deny" ? "warning" : "ok"}>{t(`lists.list-${row.list}`)}</Tone>, text: (row) => row.list },
          { title: "lists.reason", cell: (row) => <span dir="auto">{row.reason}{row.unauthenticated && <span className="block text-warning">{t("lists.unauthenticated")}</span>}{row.despite_policy && <span className="block text-warning">{t("lists.despite-policy")}</span>}</span>, text: (row) => row.reason },
          { title: "lists.owner", cell: (row) => <bdi>{row.owner}</bdi>, text: (row) => row.owner },
          { title: "lists.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
          { title: "lists.holds", cell: (row) => <Holds of={row} />, text: (row) => row.expires ?? "" },
        ]}
        {...(may("list.change") ? { acts: (row: Listed, again: () => void) => <ActButton action="list-remove" body={{ effect: row.list, kind: row.kind, value: row.value, organisation: null }} label="lists.remove" name={row.value} look="danger" ask={<p>{t(`lists.remove-ask-${row.list}`, { value: row.value })}</p>} said="lists.removed" done={again} /> } : {})}
      />
    </ScreenPage>
  );
}

/** Until when an entry holds; one without an end is nobody's to look at again. */
function Holds({ of }: { of: Listed }) {
  const { t } = useTranslation();
  const holds = holdsFor(of, new Date());
  if (holds === "ever") return <Tone tone={of.list === "allow" ? "warning" : "quiet"}>{t("lists.holds-ever")}</Tone>;
  return <><Moment at={of.expires} />{holds !== "long" && <span className="block"><Tone tone="warning">{t(`lists.holds-${holds}`)}</Tone></span>}</>;
}
