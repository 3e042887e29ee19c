// Where mail is at home: regions, who belongs to another one, what may cross, and who works abroad.

import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton, type Field, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";
import { type CrossingRule, standing, TONES, towards } from "./crossing";
import { Day, Person, Remark, useAsked, useCountries, useCountry } from "./shared";

interface Region {
  region: string;
  country: string;
  server: string | null;
  own: boolean;
}

interface Home {
  name: string;
  region: string;
}

interface Placed {
  address: string | null;
  country: string;
}

const loadRegions = whole<Region>("region-list");
const loadHomes = whole<Home>("region-home-list");
const loadRules = whole<CrossingRule>("crossing-rule-list");
const loadPlaces = whole<Placed>("region-place-list");

export default function RegionsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const known = useAsked<Region[]>("region-list", {});
  const own = known.told?.find((it) => it.own);
  return (
    <ScreenPage title={t("regions.title")} about={t("regions.about")} acts={may("audit.read") && <Link to={"/transfers" as string} className="inline-flex min-h-8 items-center text-accent underline">{t("transfers.title")}</Link>}>
      {known.told && !own && <Remark tone="warning">{t("regions.none-own")} <code dir="ltr">[region] name = "cn" country = "CN"</code></Remark>}
      <Regions again={known.again} />
      {own && <Rules regions={known.told ?? []} />}
      {own && <Homes regions={known.told ?? []} />}
      {own && <Places />}
    </ScreenPage>
  );
}

function Heading({ title, about, children }: { title: string; about: string; children?: React.ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap items-end justify-between gap-2">
      <div><h2 className="text-[15px] font-semibold">{t(title)}</h2><p className="max-w-3xl text-quiet">{t(about)}</p></div>
      {children && <div className="flex flex-wrap gap-2">{children}</div>}
    </div>
  );
}

function Regions({ again: readAgain }: { again: () => void }) {
  const { t } = useTranslation();
  const mayChange = useMay()("policy.change");
  const country = useCountry();
  const countries = useCountries();
  const [version, setVersion] = useState(0);
  const changed = () => {
    setVersion((before) => before + 1);
    readAgain();
  };
  const fields = (isNew: boolean): Field[] => [
    ...(isNew ? [{ name: "name", label: "regions.name", hint: "regions.name-hint" }] : []),
    { name: "country", label: "regions.country", kind: "choice", options: countries },
    { name: "server", label: "regions.server", hint: "regions.server-hint", isOptional: true },
  ];
  return (
    <>
      <Heading title="regions.regions" about="regions.regions-about">
        {mayChange && <FormButton label="regions.add" action="region-set" submit="regions.add" fields={fields(true)} done={changed} />}
      </Heading>
      <List<Region>
        title="regions.regions"
        load={loadRegions}
        version={version}
        empty="regions.regions-none"
        rowKey={(row) => row.region}
        columns={[
          { title: "regions.name", cell: (row) => row.region, text: (row) => row.region },
          { title: "regions.country", cell: (row) => country(row.country), text: (row) => row.country },
          { title: "regions.server", cell: (row) => (row.own ? t("regions.here") : row.server || t("regions.no-server")), text: (row) => row.server ?? "" },
        ]}
        acts={(row) => mayChange && !row.own && (
          <>
            <FormButton label="regions.change" action="region-set" submit="regions.change" fixed={{ name: row.region }} fields={fields(false)} initial={{ country: row.country, server: row.server ?? "" }} done={changed} />
            <ActButton label="regions.forget" name={row.region} look="danger" action="region-remove" body={{ name: row.region }} done={changed} ask={<p>{t("regions.forget-ask", { name: row.region })}</p>} />
          </>
        )}
      />
    </>
  );
}

function Rules({ regions }: { regions: Region[] }) {
  const { t } = useTranslation();
  const may = useMay();
  const country = useCountry();
  const [version, setVersion] = useState(0);
  const changed = () => setVersion((before) => before + 1);
  const options = (family: string, words: string[]): [string, string][] => words.map((word) => [word, `crossing.${family}-${word}`]);
  const fields: Field[] = [
    { name: "name", label: "crossing.name", hint: "regions.name-hint" },
    { name: "kind", label: "crossing.kind", kind: "choice", options: options("kind", ["delivery", "export", "backup", "view"]) },
    { name: "toward", label: "crossing.toward", kind: "choice", options: options("toward", ["region", "country", "domain"]) },
    { name: "to", label: "crossing.to", hint: "crossing.to-hint" },
    { name: "class", label: "crossing.class", hint: "crossing.class-hint", kind: "choice", options: options("class", ["internal", "public", "confidential", "secret"]) },
    { name: "encryption", label: "crossing.encryption", kind: "choice", options: options("encryption", ["tls", "content"]) },
    { name: "basis", label: "crossing.basis", kind: "choice", options: options("basis", ["pipl-contract", "scc", "consent"]) },
    { name: "reference", label: "crossing.reference", hint: "crossing.reference-hint" },
    { name: "ends", label: "crossing.ends", hint: "crossing.ends-hint", kind: "date" },
  ];
  return (
    <>
      <Heading title="crossing.title" about="crossing.about">
        {may("protection.lower") && (
          <FormButton
            label="crossing.add"
            action="crossing-rule-set"
            submit="crossing.add"
            fields={fields}
            body={({ toward, to, ...rest }) => ({ ...rest, from: null, to: `${String(toward)}:${String(to)}` })}
            initial={{ to: regions.find((it) => !it.own)?.region ?? "" }}
            done={changed}
          >
            <p className="text-quiet">{t("crossing.add-what")}</p>
          </FormButton>
        )}
      </Heading>
      <List<CrossingRule>
        title="crossing.title"
        load={loadRules}
        version={version}
        empty="crossing.none"
        rowKey={(row) => row.name}
        columns={[
          { title: "crossing.name", cell: (row) => row.name, text: (row) => row.name },
          { title: "crossing.kind", cell: (row) => t(`crossing.kind-${row.kind}`), text: (row) => row.kind },
          { title: "crossing.to", cell: (row) => <Where to={row.to} country={country} />, text: (row) => row.to },
          { title: "crossing.class", cell: (row) => t(`crossing.class-${row.classification}`), text: (row) => row.classification },
          { title: "crossing.encryption", cell: (row) => t(`crossing.encryption-${row.encryption}`), text: (row) => row.encryption },
          { title: "crossing.basis", cell: (row) => <>{t(`crossing.basis-${row.basis}`)}<br /><bdi className="text-quiet">{row.reference}</bdi></>, text: (row) => `${row.basis} ${row.reference}` },
          { title: "crossing.ends", cell: (row) => <><Day at={row.ends} /><br /><Tone tone={TONES[standing(row, Date.now())]}>{t(`crossing.standing-${standing(row, Date.now())}`)}</Tone></>, text: (row) => row.ends },
          { title: "crossing.by", cell: (row) => <Person address={row.by} />, text: (row) => row.by },
        ]}
        acts={(row) => may("policy.change") && <ActButton label="crossing.remove" name={row.name} look="danger" action="crossing-rule-remove" body={{ name: row.name }} done={changed} ask={<p>{t("crossing.remove-ask", { name: row.name })}</p>} />}
      />
    </>
  );
}

function Where({ to, country }: { to: string; country: (code: string) => string }) {
  const { t } = useTranslation();
  const { kind, name } = towards(to);
  return <>{t(`crossing.toward-${kind}`)} <bdi>{kind === "country" ? country(name) : name}</bdi></>;
}

function Homes({ regions }: { regions: Region[] }) {
  const { t } = useTranslation();
  const mayChange = useMay()("policy.change");
  const [version, setVersion] = useState(0);
  const changed = () => setVersion((before) => before + 1);
  const others = regions.filter((it) => !it.own);
  return (
    <>
      <Heading title="regions.homes" about="regions.homes-about">
        {mayChange && others.length > 0 && (
          <FormButton
            label="regions.home-add"
            action="region-home-set"
            submit="regions.home-add"
            fields={[
              { name: "name", label: "regions.home-name", hint: "regions.home-hint", kind: "address" },
              { name: "region", label: "regions.region", kind: "choice", options: others.map((it) => [it.region, it.region]) },
            ]}
            done={changed}
          />
        )}
      </Heading>
      <List<Home>
        title="regions.homes"
        load={loadHomes}
        version={version}
        empty="regions.homes-none"
        rowKey={(row) => row.name}
        filters={[{ name: "search", label: "kit.search" }]}
        columns={[
          { title: "regions.home-name", cell: (row) => <bdi>{row.name}</bdi>, text: (row) => row.name },
          { title: "regions.region", cell: (row) => row.region, text: (row) => row.region },
        ]}
        acts={(row) => mayChange && <ActButton label="regions.forget" name={row.name} look="danger" action="region-home-remove" body={{ name: row.name }} done={changed} ask={<p>{t("regions.home-forget-ask", { name: row.name })}</p>} />}
      />
    </>
  );
}

function Places() {
  const mayChange = useMay()("policy.change");
  const country = useCountry();
  const countries = useCountries();
  const [version, setVersion] = useState(0);
  const changed = () => setVersion((before) => before + 1);
  return (
    <>
      <Heading title="regions.places" about="regions.places-about">
        {mayChange && (
          <FormButton
            label="regions.place-set"
            action="region-place-set"
            submit="regions.place-set"
            fields={[
              { name: "address", label: "regions.person", kind: "address" },
              { name: "country", label: "regions.country", kind: "choice", options: countries },
            ]}
            done={changed}
          />
        )}
      </Heading>
      <List<Placed>
        title="regions.places"
        load={loadPlaces}
        version={version}
        empty="regions.places-none"
        rowKey={(row) => row.address ?? ""}
        columns={[
          { title: "regions.person", cell: (row) => <Person address={row.address} />, text: (row) => row.address ?? "" },
          { title: "regions.country", cell: (row) => country(row.country), text: (row) => row.country },
        ]}
        acts={(row) => mayChange && <ActButton label="regions.place-home" name={row.address ?? ""} action="region-place-set" body={{ address: row.address, country: null }} done={changed} />}
      />
    </>
  );
}
