import { useState } from "react";
import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Count, ScreenPage } from "../kit/parts";
import { whole } from "../kit/remote";

interface GroupRow {
  group: string;
  name: string;
  senders: string;
  members: number;
}

/** Who may write to a group. */
export const SENDERS: [string, string][] = ["organisation", "members", "owners", "anyone"].map((it) => [it, `groups.senders-${it}`]);

const load = whole<GroupRow>("group-list", () => ({ organisation: null }));

export default function GroupsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const acts = may("group.change") && (
    <FormButton label="groups.add" look="first" action="group-add" fixed={{ organisation: null }} submit="groups.add" done={() => setVersion((before) => before + 1)} fields={[
      { name: "address", label: "groups.address", hint: "groups.address-hint", kind: "address", isOptional: true },
      { name: "name", label: "groups.name", isOptional: true },
      { name: "senders", label: "groups.senders", kind: "choice", options: SENDERS },
    ]} />
  );
  return (
    <ScreenPage title={t("groups.title")} acts={acts}>
      <List<GroupRow>
        title="groups.title"
        load={load}
        version={version}
        empty="groups.none"
        filters={[{ name: "search", label: "kit.search" }]}
        rowKey={(row) => row.group}
        to={(row) => `/groups/${encodeURIComponent(row.group)}`}
        columns={[
          { title: "groups.group", cell: (row) => row.group, text: (row) => row.group },
          { title: "groups.name", cell: (row) => <bdi>{row.name}</bdi>, text: (row) => row.name },
          { title: "groups.senders", cell: (row) => t(`groups.senders-${row.senders}`), text: (row) => row.senders },
          { title: "groups.members", cell: (row) => <Count of={row.members} />, text: (row) => String(row.members), isNumber: true },
        ]}
      />
    </ScreenPage>
  );
}
