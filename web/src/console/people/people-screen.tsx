// Everybody who has an account.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { size } from "../../i18n/format";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Count, ScreenPage, Tone } from "../kit/parts";
import { pages } from "../kit/remote";
import type { Person } from "./find";
import { ROLES } from "./roles";
import { Told } from "./told";

const STATES: [string, string][] = [["", "kit.any"], ["active", "people.state-active"], ["disabled", "people.state-disabled"], ["frozen", "people.state-frozen"]];
const load = pages<Person>("user-page");

/** What is told once: the password that was made for somebody. */
export interface NewPassword {
  address: string;
  password?: string;
}

export default function PeopleScreen() {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const [made, setMade] = useState<NewPassword>();
  const acts = may("account.create") && (
    <FormButton<NewPassword>
      label="people.add"
      look="first"
      action="user-add"
      usual="address"
      submit="people.add"
      fields={[
        { name: "address", label: "people.address", kind: "address" },
        { name: "name", label: "people.name" },
        { name: "role", label: "people.role", kind: "choice", options: ROLES },
        { name: "language", label: "people.language", kind: "choice", options: [["zh", "people.language-zh"], ["en", "people.language-en"]] },
        { name: "quota_mib", label: "people.quota", hint: "people.quota-hint", kind: "number", min: 0 },
      ]}
      initial={{ quota_mib: "0" }}
      done={(result) => {
        if (result.password) setMade(result);
        setVersion((before) => before + 1);
      }}
    />
  );
  return (
    <ScreenPage title={t("people.title")} acts={acts}>
      <Told made={made} close={() => setMade(undefined)} />
      <List<Person>
        title="people.title"
        load={load}
        version={version}
        empty="people.none"
        rowKey={(row) => row.address}
        to={(row) => `/people/${encodeURIComponent(row.address)}`}
        filters={[
          { name: "search", label: "kit.search" },
          { name: "role", label: "people.role", options: [["", "kit.any"], ...ROLES] },
          { name: "state", label: "people.state", options: STATES },
        ]}
        columns={[
          { title: "people.address", cell: (row) => row.address, text: (row) => row.address },
          { title: "people.name", cell: (row) => <bdi>{row.name}</bdi>, text: (row) => row.name },
          { title: "people.role", cell: (row) => t(`people.role-${row.role}`), text: (row) => row.role },
          { title: "people.state", cell: (row) => <Tone tone={row.state === "active" ? "ok" : "warning"}>{t(`people.state-${row.state}`)}</Tone>, text: (row) => row.state },
          { title: "people.messages", cell: (row) => <Count of={row.messages} />, text: (row) => String(row.messages), isNumber: true },
          { title: "people.used", cell: (row) => size(row.bytes, i18n.language), text: (row) => String(row.bytes), isNumber: true },
        ]}
      />
    </ScreenPage>
  );
}
