// Where people and mailboxes come from beside hands: programs that provision, a directory that is asked, accounts of programs, mailboxes that
// several use.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { size } from "../../i18n/format";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { ActButton, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { pages, whole } from "../kit/remote";
import type { Person } from "./find";
import { Directory } from "./directory-sync";

interface Client {
  client: string;
  since: string;
  expires: string | null;
  used: string | null;
}

interface NewClient {
  client: string;
  token?: string;
}

const clients = whole<Client>("provision-token-list");
/** Accounts of a kind; what is searched for has a name of its own in the address of the page. */
const ofKind = (kind: string) => pages<Person>("user-page", (filters) => ({ kind, search: filters[kind] ?? null }));
const services = ofKind("service");
const shared = ofKind("shared");

export default function ProvisioningScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  return (
    <ScreenPage title={t("provision.title")} about={t("provision.about")}>
      {may("provisioning.read") && <Clients />}
      {may("provisioning.change") && me.alone && <Directory />}
      {may("account.read") && <Services />}
      {may("account.read") && <SharedOnes />}
    </ScreenPage>
  );
}

function Head({ title, about, children }: { title: string; about: string; children: React.ReactNode }) {
  const { t } = useTranslation();
  return (
    <header className="flex flex-wrap items-start justify-between gap-2">
      <div className="min-w-0">
        <h2 className="text-[15px] font-semibold">{t(title)}</h2>
        <p className="max-w-3xl text-quiet">{t(about)}</p>
      </div>
      {children}
    </header>
  );
}

function Clients() {
  const { t } = useTranslation();
  const mayChange = useMay()("provisioning.change");
  const [version, setVersion] = useState(0);
  const [made, setMade] = useState<NewClient>();
  return (
    <>
      <Head title="provision.clients" about="provision.clients-about">
        {mayChange && (
          <FormButton<NewClient>
            label="provision.client-add"
            action="provision-token-add"
            submit="provision.client-add"
            fixed={{ organisation: null }}
            fields={[
              { name: "name", label: "provision.client", hint: "provision.client-hint" },
              { name: "days", label: "provision.days", hint: "provision.days-hint", kind: "number", min: 1, isOptional: true },
            ]}
            done={(result) => {
              setMade(result);
              setVersion((before) => before + 1);
            }}
          />
        )}
      </Head>
      <Dialog title={t("provision.token")} isOpen={made?.token !== undefined} close={() => setMade(undefined)}>
        <p>{t("provision.token-once", { client: made?.client ?? "" })}</p>
        <p className="my-3 rounded-md border border-line bg-ground p-3"><code dir="ltr" className="break-all select-all">{made?.token}</code></p>
        <p className="text-quiet">{t("provision.token-where")} <code dir="ltr">{`${location.origin}/scim/v2`}</code></p>
        <div className="mt-3 flex justify-end"><Button look="first" onPress={() => setMade(undefined)}>{t("people.told-kept")}</Button></div>
      </Dialog>
      <List<Client>
        title="provision.clients"
        load={clients}
        version={version}
        empty="provision.clients-none"
        rowKey={(row) => row.client}
        columns={[
          { title: "provision.client", cell: (row) => <bdi>{row.client}</bdi>, text: (row) => row.client },
          { title: "people.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
          { title: "provision.used", cell: (row) => (row.used ? <Moment at={row.used} /> : <Tone tone="quiet">{t("provision.never")}</Tone>), text: (row) => row.used ?? "" },
          { title: "provision.expires", cell: (row) => <Expires at={row.expires} />, text: (row) => row.expires ?? "" },
        ]}
        acts={(row, again) => mayChange && <ActButton action="provision-token-revoke" body={{ name: row.client, organisation: null }} label="provision.revoke" name={row.client} look="danger" ask={<p>{t("provision.revoke-ask", { client: row.client })}</p>} done={again} />}
      />
    </>
  );
}

function Expires({ at }: { at: string | null }) {
  const { t } = useTranslation();
  if (at === null) return <Tone tone="warning">{t("provision.never-ends")}</Tone>;
  return Date.parse(at) < Date.now() ? <Tone tone="danger">{t("provision.ended")} <Moment at={at} /></Tone> : <Moment at={at} />;
}

/** Accounts of one kind, each with the way to its page. */
function Accounts({ title, empty, kind, load, version }: { title: string; empty: string; kind: string; load: typeof services; version: number }) {
  const { t, i18n } = useTranslation();
  return (
    <List<Person>
      title={title}
      load={load}
      version={version}
      empty={empty}
      rowKey={(row) => row.address}
      to={(row) => `/people/${encodeURIComponent(row.address)}`}
      filters={[{ name: kind, label: "kit.search" }]}
      columns={[
        { title: "people.address", cell: (row) => row.address, text: (row) => row.address },
        { title: "people.name", cell: (row) => <bdi>{row.name}</bdi>, text: (row) => row.name },
        { title: "people.state", cell: (row) => <Tone tone={row.state === "active" ? "ok" : "warning"}>{t(`people.state-${row.state}`)}</Tone>, text: (row) => row.state },
        { title: "people.used", cell: (row) => size(row.bytes, i18n.language), text: (row) => String(row.bytes), isNumber: true },
      ]}
    />
  );
}

const ADDRESS = { name: "address", label: "people.address", kind: "address" as const };
const NAME = { name: "name", label: "people.name", isOptional: true };
const QUOTA = { name: "quota_mib", label: "people.quota", hint: "people.quota-hint", kind: "number" as const, min: 0 };

function Services() {
  const may = useMay();
  const [version, setVersion] = useState(0);
  return (
    <>
      <Head title="provision.services" about="provision.services-about">
        {may("account.create") && (
          <FormButton
            label="provision.service-add"
            action="service-add"
            submit="provision.service-add"
            initial={{ quota_mib: "0" }}
            fields={[ADDRESS, NAME, { name: "purpose", label: "provision.purpose", hint: "provision.purpose-hint" }, { name: "networks", label: "provision.networks", hint: "provision.networks-hint", kind: "lines", isOptional: true }, QUOTA]}
            body={({ address, name, quota_mib, purpose, networks }) => ({ new: { address, name, quota_mib }, networks, purpose })}
            done={() => setVersion((before) => before + 1)}
          />
        )}
      </Head>
      <Accounts title="provision.services" empty="provision.services-none" kind="service" load={services} version={version} />
    </>
  );
}

function SharedOnes() {
  const may = useMay();
  const [version, setVersion] = useState(0);
  return (
    <>
      <Head title="provision.shared" about="provision.shared-about">
        {may("shared.change") && <FormButton label="provision.shared-add" action="shared-add" submit="provision.shared-add" initial={{ quota_mib: "0" }} fields={[ADDRESS, NAME, QUOTA]} done={() => setVersion((before) => before + 1)} />}
      </Head>
      <Accounts title="provision.shared" empty="provision.shared-none" kind="shared" load={shared} version={version} />
    </>
  );
}
