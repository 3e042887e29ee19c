// Where somebody is held: how many things in each place, and which messages name him. Nobody reads anything by it.

import { useTranslation } from "react-i18next";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { Block, Count, Moment, Tone } from "../kit/parts";
import { act } from "../../account/api";
import type { Asked, Page } from "../kit/remote";
import { Remark } from "./shared";
import type { Whole } from "./subject";

interface Mention {
  message: string;
  mailbox: string | null;
  fields: string[];
  received: string | null;
  removed: string | null;
  folders: string[];
}

/** Messages that the server gives at once. */
const PAGE_MAX = 200;

export function Places({ of, again, mayChange }: { of: Whole; again: () => void; mayChange: boolean }) {
  const { t } = useTranslation();
  const { found, id } = of;
  const beside = mayChange && of.state === "open" && <ActButton action="subject-search" body={{ id }} label={found ? "subject.search-again" : "subject.search"} look={found ? "plain" : "first"} done={again} />;
  const places = Object.entries(found?.places ?? {}).toSorted(([, one], [, other]) => other - one);
  return (
    <>
      <Block title="subject.places" beside={beside}>
        {!found && <p className="text-quiet">{t("subject.places-unknown")}</p>}
        {found && (
          <div className="flex flex-col gap-3">
            {!found.whole && <Remark tone="warning">{t("subject.searching", { count: found.looked })} <button type="button" className="underline" onClick={again}>{t("investigation.look-again")}</button></Remark>}
            <p>{t("subject.looked", { looked: found.looked, count: found.mailboxes })} <Moment at={found.at} /></p>
            {found.whole && places.length === 0 && <p><Tone tone="ok">{t("subject.nowhere")}</Tone></p>}
            {places.length > 0 && (
              <table className="max-w-xl">
                <thead><tr className="text-quiet"><th scope="col" className="py-1 pe-4 text-start font-medium">{t("subject.place")}</th><th scope="col" className="py-1 text-end font-medium">{t("subject.things")}</th></tr></thead>
                <tbody>{places.map(([place, things]) => <tr key={place} className="border-t border-line"><td className="py-1 pe-4">{t(`subject.place-${place}`)}</td><td className="py-1 text-end"><Count of={things} /></td></tr>)}</tbody>
              </table>
            )}
          </div>
        )}
      </Block>
      {mayChange && of.state === "open" && (found?.mailboxes ?? 0) > 0 && <Mentions id={id} version={found?.at ?? ""} />}
    </>
  );
}

/** Messages that name him: where they lie, and no word of them. */
function Mentions({ id, version }: { id: string; version: string }) {
  const { t } = useTranslation();
  const load = async ({ cursor, limit }: Asked): Promise<Page<Mention>> => {
    const rows = await act<Mention[]>("subject-mail", { id, after: cursor, limit: Math.min(limit, PAGE_MAX) });
    return { items: rows, next: rows.length < limit ? null : (rows.at(-1)?.message ?? null) };
  };
  return (
    <>
      <h2 className="text-[15px] font-semibold">{t("subject.mail")}</h2>
      <p className="text-quiet">{t("subject.mail-what")}</p>
      <List<Mention>
        title="subject.mail"
        load={load}
        version={Date.parse(version)}
        empty="subject.mail-none"
        rowKey={(row) => row.message}
        columns={[
          { title: "subject.mailbox", cell: (row) => <bdi>{row.mailbox}</bdi>, text: (row) => row.mailbox ?? "" },
          { title: "subject.fields", cell: (row) => row.fields.join(", "), text: (row) => row.fields.join(" ") },
          { title: "subject.received", cell: (row) => <Moment at={row.received} />, text: (row) => row.received ?? "" },
          { title: "subject.folders", cell: (row) => (row.removed ? <Tone tone="quiet">{t("subject.place-removed")}</Tone> : <bdi>{row.folders.join(", ")}</bdi>), text: (row) => row.folders.join(" ") },
        ]}
      />
    </>
  );
}
