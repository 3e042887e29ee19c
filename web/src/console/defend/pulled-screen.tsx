// Mail that was delivered and pulled back when somebody knew better.

import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { pages } from "../kit/remote";
import { Tabs } from "../kit/tabs";
import { Colleague } from "./evidence";
import { TABS } from "./threats";

interface Pulled {
  id: string;
  address: string | null;
  time: string;
  quarantine: boolean;
  returned: boolean;
  /** Nothing of what is no longer kept. */
  from: string | null;
  subject: string | null;
}

/** Where a copy is now. */
const placeOf = ({ quarantine, returned }: Pulled) => (returned ? "returned" : quarantine ? "quarantine" : "junk");

const load = pages<Pulled>("pulled-page", ({ search, person, place }) => ({ search: search ?? null, person: person ?? null, place: place ?? null, organisation: null }));

export default function PulledScreen() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <ScreenPage title={t("pulled.title")} about={t("pulled.about")}>
      <Tabs label="threats.title" tabs={TABS} />
      <List<Pulled>
        title="pulled.title"
        load={load}
        empty="pulled.none"
        rowKey={(row) => `${row.id} ${row.address}`}
        filters={[
          { name: "search", label: "kit.search" },
          { name: "person", label: "pulled.person" },
          { name: "place", label: "pulled.place", options: [["", "kit.any"], ["junk", "pulled.place-junk"], ["quarantine", "pulled.place-quarantine"], ["returned", "pulled.place-returned"]] },
        ]}
        to={(row) => `/threats/mail/${row.id}`}
        columns={[
          { title: "pulled.message", cell: (row) => <bdi>{row.subject || t("evidence.no-subject")}</bdi>, text: (row) => row.subject ?? "" },
          { title: "pulled.from", cell: (row) => <bdi>{row.from ?? "–"}</bdi>, text: (row) => row.from ?? "" },
          { title: "pulled.time", cell: (row) => <Moment at={row.time} />, text: (row) => row.time },
          { title: "pulled.person", cell: (row) => <Colleague address={row.address} />, text: (row) => row.address ?? "" },
          { title: "pulled.place", cell: (row) => <Tone tone={row.returned ? "quiet" : "ok"}>{t(`pulled.place-${placeOf(row)}`)}</Tone>, text: placeOf },
        ]}
        {...(may("quarantine.change") ? { acts: (row: Pulled, again: () => void) => !row.returned && <ActButton action="pulled-return" body={{ id: row.id }} label="pulled.return" name={row.subject ?? row.id} ask={<p>{t("pulled.return-ask")}</p>} said="pulled.was-returned" done={again} /> } : {})}
      />
    </ScreenPage>
  );
}
