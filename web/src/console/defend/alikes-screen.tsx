// Domains that look like ours: whoever registers one means to write in our name.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Count, Moment, ScreenPage } from "../kit/parts";
import { pages } from "../kit/remote";
import { Tabs } from "../kit/tabs";
import { Known } from "./evidence";
import { TABS } from "./partners-screen";

interface Alike {
  domain: string;
  own: string;
  trick: string;
  first: string;
  last: string;
  messages: number;
}

const load = pages<Alike>("guard-alike-page", ({ search }) => ({ search: search ?? null, organisation: null }));

export default function AlikesScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const [version, setVersion] = useState(0);
  return (
    <ScreenPage title={t("alikes.title")} about={t("alikes.about")}>
      <Tabs label="partners.title" tabs={TABS} />
      <List<Alike>
        title="alikes.title"
        load={load}
        version={version}
        empty="alikes.none"
        rowKey={(row) => row.domain}
        filters={[{ name: "search", label: "kit.search" }]}
        columns={[
          { title: "alikes.domain", cell: (row) => <Known what={row.domain} />, text: (row) => row.domain },
          { title: "alikes.own", cell: (row) => <bdi>{row.own}</bdi>, text: (row) => row.own },
          { title: "alikes.trick", cell: (row) => t(`alikes.trick-${row.trick}`), text: (row) => row.trick },
          { title: "alikes.messages", cell: (row) => <Count of={row.messages} />, text: (row) => String(row.messages), isNumber: true },
          { title: "alikes.first", cell: (row) => <Moment at={row.first} />, text: (row) => row.first },
          { title: "alikes.last", cell: (row) => <Moment at={row.last} />, text: (row) => row.last },
        ]}
        {...(may("list.change") ? { acts: (row: Alike, again: () => void) => (
          <FormButton
            label="alikes.deny"
            action="list-add"
            fixed={{ effect: "deny", kind: "domain", value: row.domain, organisation: null, owner: me.address, expires_days: null, unauthenticated: false, despite_policy: false }}
            fields={[{ name: "reason", label: "lists.reason", kind: "long" }]}
            initial={{ reason: t("alikes.deny-reason", { own: row.own }) }}
            submit="alikes.deny"
            done={() => {
              again();
              setVersion((before) => before + 1);
            }}
          />
        ) } : {})}
      />
    </ScreenPage>
  );
}
