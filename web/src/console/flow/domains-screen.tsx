import { useState } from "react";
import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage } from "../kit/parts";
import { whole } from "../kit/remote";

interface Domain {
  domain: string;
  since: string;
}

const load = whole<Domain>("domain-list");

export default function DomainsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const acts = may("domain.change") && <FormButton label="domains.add" look="first" action="domain-add" fixed={{ organisation: null }} submit="domains.add" done={() => setVersion((before) => before + 1)} fields={[{ name: "domain", label: "domains.domain", hint: "domains.domain-hint", kind: "address" }]} />;
  return (
    <ScreenPage title={t("domains.title")} about={t("domains.about")} acts={acts}>
      <List<Domain>
        title="domains.title"
        load={load}
        version={version}
        empty="domains.none"
        filters={[{ name: "search", label: "kit.search" }]}
        rowKey={(row) => row.domain}
        to={(row) => `/domains/${encodeURIComponent(row.domain)}`}
        columns={[
          { title: "domains.domain", cell: (row) => row.domain, text: (row) => row.domain },
          { title: "domains.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
        ]}
      />
    </ScreenPage>
  );
}
