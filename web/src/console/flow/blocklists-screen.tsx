// Blocklists in DNS: whether our addresses and domains stand on them, since when, what is said, and where one is taken off.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { ActButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Block, Moment, ScreenPage, Tone } from "../kit/parts";

interface Asked {
  list: string;
  kind: "addresses" | "domains";
  link: string | null;
  answered: "well" | "silent" | "refuses" | "lists-all" | null;
}

interface Listing {
  list: string;
  object: string;
  since: string;
  seen: string;
  gone: string | null;
  codes: string;
  said: string;
  link: string | null;
}

interface Known {
  at: string | null;
  every_hours: number;
  addresses: string[];
  domains: number;
  lists: Asked[];
  listings: Listing[];
}

export default function BlocklistsScreen() {
  const { t } = useTranslation();
  const { alone } = useMe();
  if (!alone) return <ScreenPage title={t("blocklists.title")}><p>{t("reports.not-alone")}</p></ScreenPage>;
  return <Shown />;
}

function Shown() {
  const { t } = useTranslation();
  const may = useMay();
  const [version, setVersion] = useState(0);
  const [read] = useState(() => () => act<Known>("blocklist-list", {}));
  const known = useTold(read);
  const again = () => {
    known.again();
    setVersion((before) => before + 1);
  };
  const acts = may("evidence.read") && <ActButton action="blocklist-look" label="blocklists.look" said="blocklists.looked" done={again} />;
  return (
    <ScreenPage title={t("blocklists.title")} about={t("blocklists.about")} acts={acts}>
      <Told of={known}>
        {(now) => (
          <>
            <List<Listing>
              key={now.at ?? ""}
              title="blocklists.listings"
              version={version}
              load={() => Promise.resolve({ items: now.listings, next: null })}
              empty={now.lists.length === 0 ? "blocklists.no-list" : now.at === null ? "blocklists.not-yet" : "blocklists.none"}
              rowKey={(row) => `${row.list} ${row.object}`}
              columns={[
                { title: "blocklists.object", cell: (row) => <code dir="ltr">{row.object}</code>, text: (row) => row.object },
                { title: "blocklists.list", cell: (row) => <span dir="ltr">{row.list}</span>, text: (row) => row.list },
                { title: "blocklists.state", cell: (row) => row.gone === null ? <Tone tone="danger">{t("blocklists.stands")}</Tone> : <><Tone tone="ok">{t("blocklists.gone")}</Tone> <Moment at={row.gone} /></>, text: (row) => row.gone ?? "" },
                { title: "blocklists.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
                { title: "blocklists.said", cell: (row) => <span dir="auto">{row.said === "" ? row.codes : row.said}</span>, text: (row) => row.said },
                { title: "blocklists.off", cell: (row) => <Off link={row.link} />, text: (row) => row.link ?? "" },
              ]}
            />
            <Lists of={now} />
          </>
        )}
      </Told>
    </ScreenPage>
  );
}

/** A page elsewhere, which is told nothing of this one. */
function Off({ link }: { link: string | null }) {
  const { t } = useTranslation();
  if (link === null) return <span className="text-quiet">–</span>;
  return <a href={link} target="_blank" rel="noopener noreferrer" className="text-accent underline">{t("blocklists.off-link")}</a>;
}

function Lists({ of }: { of: Known }) {
  const { t } = useTranslation();
  return (
    <Block title="blocklists.lists">
      <p className="mb-2 text-quiet">
        {t("blocklists.asked", { addresses: of.addresses.join(", ") || "–", domains: of.domains, hours: of.every_hours })} {of.at !== null && <>{t("blocklists.last")} <Moment at={of.at} /></>}
      </p>
      {of.lists.length === 0 ? <p>{t("blocklists.how")}</p> : (
        <ul>
          {of.lists.map((list) => (
            <li key={`${list.kind} ${list.list}`} className="flex flex-wrap gap-x-4 border-t border-line py-1 first:border-t-0">
              <span dir="ltr" className="w-64 font-medium">{list.list}</span>
              <span className="w-24 text-quiet">{t(`blocklists.kind-${list.kind}`)}</span>
              {list.answered === null ? <Tone tone="quiet">{t("blocklists.not-asked")}</Tone> : <Tone tone={list.answered === "well" ? "ok" : "warning"}>{t(`blocklists.answered-${list.answered}`)}</Tone>}
            </li>
          ))}
        </ul>
      )}
    </Block>
  );
}
