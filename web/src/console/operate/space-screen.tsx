// What takes room: the fullest accounts, and, of each, what in it could go.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { size } from "../../i18n/format";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { List } from "../kit/list";
import { Fact, Facts, ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";

interface Account {
  address: string;
  bytes: number;
  quota_bytes: number;
  percent: number | null;
}

interface Heap {
  count: number;
  bytes: number;
}

interface Space {
  all: Heap;
  large: Heap;
  attached: Heap;
  unopened: Heap;
  doubled: Heap;
  never_mail: Heap;
  is_file_store: boolean;
  is_more: boolean;
}

const LISTED = 500;
const load = whole<Account>("space-list", () => ({ limit: LISTED, organisation: null }));

/** How full an account may be before it is told of, in percent. */
const FILLING = 80;
const FULL = 100;

export default function SpaceScreen() {
  const { t, i18n } = useTranslation();
  const [shown, setShown] = useState<string>();
  return (
    <ScreenPage title={t("space.title")} about={t("space.about")}>
      <List<Account>
        title="space.accounts"
        load={load}
        empty="space.none"
        filters={[{ name: "search", label: "kit.search" }]}
        rowKey={(row) => row.address}
        to={(row) => `/people/${encodeURIComponent(row.address)}`}
        columns={[
          { title: "people.address", cell: (row) => row.address, text: (row) => row.address },
          { title: "space.used", cell: (row) => size(row.bytes, i18n.language), text: (row) => String(row.bytes), isNumber: true },
          { title: "space.room", cell: (row) => (row.quota_bytes === 0 ? t("space.unlimited") : size(row.quota_bytes, i18n.language)), text: (row) => String(row.quota_bytes), isNumber: true },
          { title: "space.full", cell: (row) => (row.percent === null ? "" : <Tone tone={row.percent >= FULL ? "danger" : row.percent >= FILLING ? "warning" : "ok"}>{new Intl.NumberFormat(i18n.language, { style: "percent" }).format(row.percent / 100)}</Tone>), text: (row) => String(row.percent ?? ""), isNumber: true },
        ]}
        acts={(row) => <Button aria-label={`${t("space.what")}: ${row.address}`} onPress={() => setShown(row.address)}>{t("space.what")}</Button>}
      />
      <Dialog title={t("space.what-of", { address: shown ?? "" })} isOpen={shown !== undefined} close={() => setShown(undefined)}>
        {shown && <What key={shown} address={shown} />}
      </Dialog>
    </ScreenPage>
  );
}

function What({ address }: { address: string }) {
  const { t, i18n } = useTranslation();
  const [read] = useState(() => () => act<Space>("space-show", { address }));
  const known = useTold(read);
  const heap = ({ count, bytes }: Heap) => t("space.heap", { count, size: size(bytes, i18n.language) });
  return (
    <Told of={known}>
      {(space) => (
        <div className="flex flex-col gap-3">
          {space.is_file_store && <p><Tone tone="warning">{t("space.file-store")}</Tone></p>}
          <Facts>
            <Fact name="space.all">{heap(space.all)}</Fact>
            <Fact name="space.large">{heap(space.large)}</Fact>
            <Fact name="space.attached">{heap(space.attached)}</Fact>
            <Fact name="space.unopened">{heap(space.unopened)}</Fact>
            <Fact name="space.doubled">{heap(space.doubled)}</Fact>
            <Fact name="space.never-mail">{heap(space.never_mail)}</Fact>
          </Facts>
          {space.is_more && <p className="text-quiet">{t("space.more")}</p>}
          <p className="text-quiet">{t("space.no-words")}</p>
        </div>
      )}
    </Told>
  );
}
