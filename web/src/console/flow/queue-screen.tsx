// Messages that are not yet delivered to all recipients, and why.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { idInPath } from "../../account/api";
import { size } from "../../i18n/format";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { pages } from "../kit/remote";

export interface Queued {
  id: string;
  from: string | null;
  to: string[];
  bytes: number;
  since: string;
  due: string | null;
  held: boolean;
  last_answer: string | null;
}

const load = pages<Queued>("queue-page", ({ state, ...rest }) => ({ ...rest, ...(state === undefined ? {} : { held: state === "held" }) }));

export default function QueueScreen() {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const again = () => setVersion((before) => before + 1);
  const acts = may("queue.change") && <ActButton action="queue-retry" body={{ id: null }} label="queue.retry-all" done={again} said="queue.retried" />;
  return (
    <ScreenPage title={t("queue.title")} about={t("queue.about")} acts={acts}>
      <List<Queued>
        title="queue.title"
        load={load}
        version={version}
        empty="queue.none"
        filters={[{ name: "search", label: "kit.search" }, { name: "state", label: "queue.state", options: [["", "kit.any"], ["waiting", "queue.waiting"], ["held", "queue.held"]] }]}
        rowKey={(row) => row.id}
        to={(row) => `/queue/${idInPath(row.id)}`}
        columns={[
          { title: "queue.from", cell: (row) => row.from || t("queue.system"), text: (row) => row.from ?? "" },
          { title: "queue.to", cell: (row) => row.to.join(", "), text: (row) => row.to.join(" ") },
          { title: "queue.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
          { title: "queue.state", cell: (row) => row.held ? <Tone tone="warning">{t("queue.held")}</Tone> : <span>{t("queue.next")} <Moment at={row.due} /></span>, text: (row) => (row.held ? "held" : (row.due ?? "")) },
          { title: "queue.answer", cell: (row) => row.last_answer ?? "", text: (row) => row.last_answer ?? "" },
          { title: "queue.size", cell: (row) => size(row.bytes, i18n.language), text: (row) => String(row.bytes), isNumber: true },
        ]}
        acts={may("queue.change") ? (row, reread) => <ActButton action={row.held ? "queue-release" : "queue-retry"} body={{ id: row.id }} label={row.held ? "queue.release" : "queue.retry"} name={row.to.join(", ")} done={reread} /> : undefined}
      />
    </ScreenPage>
  );
}
