// Accounts that the watch, or their owners, have frozen.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { pages } from "../kit/remote";
import { Colleague } from "../defend/evidence";
import type { Person } from "../people/find";
import { Told } from "../people/told";

const load = pages<Person>("user-page", (filters) => ({ ...filters, state: "frozen" }));

interface Thawed {
  address: string;
  password?: string;
}

export function Frozen() {
  const { t } = useTranslation();
  const may = useMay();
  const { address: own } = useMe();
  const [made, setMade] = useState<Thawed>();
  const acts = (row: Person, again: () => void) => row.address !== own && (
    <>
      {may("password.reset") && (
        <ActButton<Thawed>
          action="user-unfreeze"
          body={{ address: row.address, keep_password: false }}
          label="watch.thaw"
          name={row.address}
          look="first"
          ask={<p>{t("watch.thaw-ask", { person: row.address })}</p>}
          done={(result) => {
            if (result.password) setMade(result);
            again();
          }}
        />
      )}
      <ActButton action="user-unfreeze" body={{ address: row.address, keep_password: true }} label="watch.thaw-keep" name={row.address} ask={<p>{t("watch.thaw-keep-ask", { person: row.address })}</p>} said="watch.thawed" done={again} />
    </>
  );
  return (
    <>
      <Told made={made} close={() => setMade(undefined)} />
      <List<Person>
        title="watch.frozen"
        load={load}
        empty="watch.frozen-none"
        rowKey={(row) => row.address}
        filters={[{ name: "search", label: "kit.search" }]}
        columns={[
          { title: "watch.person", cell: (row) => <Colleague address={row.address} />, text: (row) => row.address },
          { title: "watch.name", cell: (row) => <bdi>{row.name}</bdi>, text: (row) => row.name },
          { title: "watch.role", cell: (row) => t(`people.role-${row.role}`), text: (row) => row.role },
        ]}
        {...(may("account.thaw") ? { acts } : {})}
      />
    </>
  );
}
