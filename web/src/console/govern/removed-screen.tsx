// Removed mail that can be brought back: one's own by choosing it, a colleague's without seeing it.

import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { size } from "../../i18n/format";
import { ActButton, ActForm } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Block, Moment, ScreenPage } from "../kit/parts";
import { whole } from "../kit/remote";
import { Remark } from "./shared";

interface Removed {
  id: string;
  removed: string;
  until: string;
  received: string;
  size: number;
  from: string | null;
  subject: string | null;
}

interface Recovered {
  recovered: number;
  more: boolean;
  mailbox: string;
}

export default function RemovedScreen() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <ScreenPage title={t("removed.title")} about={t("removed.about")}>
      {may("mail.recover") && <ForOther />}
      <Own />
    </ScreenPage>
  );
}

function ForOther() {
  const { t } = useTranslation();
  const [back, setBack] = useState<Recovered>();
  return (
    <Block title="removed.for-other">
      <p className="mb-3 text-quiet">{t("removed.for-other-how")}</p>
      <div className="max-w-xl">
        <ActForm<Recovered>
          action="mail-recover"
          submit="removed.bring-back"
          fixed={{ ids: null }}
          fields={[
            { name: "address", label: "removed.whose", kind: "address" },
            { name: "since", label: "removed.since", hint: "removed.since-hint", kind: "date", isOptional: true },
            { name: "from", label: "removed.from", isOptional: true },
            { name: "subject", label: "removed.subject", isOptional: true },
          ]}
          done={setBack}
        />
      </div>
      {back && <div role="status" className="mt-3"><Back of={back} /></div>}
    </Block>
  );
}

function Back({ of: { recovered, more, mailbox } }: { of: Recovered }) {
  const { t } = useTranslation();
  if (recovered === 0) return <Remark tone="quiet">{t("removed.nothing-back")}</Remark>;
  return <Remark tone="ok">{t("removed.back", { count: recovered, mailbox })} {more && t("removed.more")}</Remark>;
}

function Own() {
  const { t, i18n } = useTranslation();
  const { address } = useMe();
  const load = useMemo(() => whole<Removed>("mail-removed", ({ gone }) => ({ address, since: gone ?? null, from: null, subject: null, ids: null })), [address]);
  return (
    <>
      <h2 className="text-[15px] font-semibold">{t("removed.own")}</h2>
      <List<Removed>
        title="removed.own"
        load={load}
        empty="removed.none"
        rowKey={(row) => row.id}
        filters={[{ name: "search", label: "kit.search" }, { name: "gone", label: "removed.since", kind: "date" }]}
        columns={[
          { title: "removed.subject", cell: (row) => <bdi>{row.subject || t("mailshown.no-subject")}</bdi>, text: (row) => row.subject ?? "" },
          { title: "removed.from", cell: (row) => <bdi>{row.from}</bdi>, text: (row) => row.from ?? "" },
          { title: "removed.removed", cell: (row) => <Moment at={row.removed} />, text: (row) => row.removed },
          { title: "removed.until", cell: (row) => <Moment at={row.until} />, text: (row) => row.until },
          { title: "removed.size", cell: (row) => size(row.size, i18n.language), text: (row) => String(row.size), isNumber: true },
        ]}
        acts={(row, again) => <ActButton<Recovered> label="removed.bring-back" name={row.subject ?? ""} action="mail-recover" body={{ address, since: null, from: null, subject: null, ids: [row.id] }} said="removed.is-back" done={again} />}
      />
    </>
  );
}
