// One investigation: who is looked into, what was searched for, what was found, and how it ends.

import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Count, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";
import { type Investigation, MARKS, MARK_TONES, type Search, searchInWords, type Shown } from "./investigation";
import { Archive } from "./investigation-archive";
import { Items } from "./investigation-items";
import { SearchForm } from "./investigation-search";
import { People, Person, Remark, useAsked, useOfPage } from "./shared";

export default function InvestigationScreen() {
  const { t } = useTranslation();
  const id = useOfPage("investigation");
  const known = useAsked<Shown>("investigation-show", { id });
  return (
    <ScreenPage title={known.told?.name ?? t("investigation.one")} back={{ to: "/investigations", name: t("investigation.title") }}>
      <Told of={known}>{(shown) => <One of={shown} again={known.again} />}</Told>
    </ScreenPage>
  );
}

function One({ of, again }: { of: Shown; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const isOpen = of.closed === null;
  const works = isOpen && may("investigation.work");
  const hasRunning = of.searches.some((search) => !search.whole);
  return (
    <>
      <Block title="investigation.about-it" beside={isOpen && <Deeds of={of} again={again} />}>
        <p dir="auto" className="mb-3 text-[15px]">{of.reason}</p>
        <Known of={of} />
      </Block>
      {works && <Block title="investigation.search"><SearchForm id={of.id} done={again} /></Block>}
      <Block title="investigation.searches">
        {hasRunning && <Remark tone="warning">{t("investigation.running")} <button type="button" className="underline" onClick={again}>{t("investigation.look-again")}</button></Remark>}
        <Searches of={of} />
      </Block>
      {works ? <Items id={of.id} searches={of.searches} changed={again} /> : <Remark tone="quiet">{t(isOpen ? "investigation.others-read" : "investigation.closed-reads-none")}</Remark>}
    </>
  );
}

function Known({ of }: { of: Shown }) {
  const { t } = useTranslation();
  const isOpen = of.closed === null;
  return (
    <Facts>
      <Fact name="investigation.state"><Tone tone={isOpen ? "warning" : "quiet"}>{t(isOpen ? "investigation.open" : "investigation.closed")}</Tone></Fact>
      <Fact name="investigation.by"><Person address={of.by} /></Fact>
      <Fact name="investigation.opened"><Moment at={of.opened} /></Fact>
      <Fact name="investigation.custodians"><People of={of.custodians} /></Fact>
      <Fact name="investigation.hold"><Link to={"/holds" as string} search={{ search: of.name } as never} className="text-accent underline">{t("investigation.hold-link")}</Link></Fact>
      <Fact name="investigation.marks">
        <span className="flex flex-wrap gap-x-3">
          {MARKS.map((mark) => <span key={mark}><Tone tone={MARK_TONES[mark]}>{t(`investigation.mark-${mark}`)}</Tone> <Count of={of.marks[mark] ?? 0} /></span>)}
        </span>
      </Fact>
      {!isOpen && (
        <>
          <Fact name="investigation.closed-at"><Moment at={of.closed} /></Fact>
          <Fact name="investigation.closed-by"><Person address={of.closed_by} /></Fact>
          <Fact name="investigation.outcome">{of.closed_reason}</Fact>
        </>
      )}
    </Facts>
  );
}

function Deeds({ of: { id }, again }: { of: Investigation; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <>
      {may("investigation.open") && (
        <FormButton
          label="investigation.add-people"
          action="investigation-custodians"
          submit="investigation.add-people"
          fixed={{ id }}
          fields={[{ name: "custodians", label: "investigation.custodians", hint: "investigation.custodians-hint", kind: "lines" }]}
          done={again}
        >
          <p className="text-quiet">{t("investigation.begin-what")}</p>
        </FormButton>
      )}
      {may("investigation.export") && <Archive id={id} />}
      {may("investigation.work") && (
        <FormButton
          label="investigation.close"
          look="danger"
          action="investigation-close"
          submit="investigation.close"
          fixed={{ id }}
          fields={[
            { name: "reason", label: "investigation.outcome", hint: "investigation.outcome-hint", kind: "long" },
            ...(may("hold.change") ? [{ name: "release_hold", label: "investigation.release", hint: "investigation.release-hint", kind: "switch" as const }] : []),
            { name: "quietly", label: "investigation.quietly", hint: "investigation.quietly-hint", kind: "switch" },
          ]}
          done={again}
        >
          <p className="text-quiet">{t("investigation.close-what")}</p>
        </FormButton>
      )}
    </>
  );
}

function Searches({ of: { searches } }: { of: Shown }) {
  const { t } = useTranslation();
  if (searches.length === 0) return <p className="text-quiet">{t("investigation.searches-none")}</p>;
  return (
    <ul>
      {searches.toReversed().map((search) => (
        <li key={search.search} className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line py-2">
          <div className="min-w-0 flex-1 basis-60">
            <div dir="auto" className="font-medium">{searchInWords(search, t)}</div>
            <div className="flex flex-wrap gap-x-3 text-quiet"><Moment at={search.at} /><Person address={search.by} /></div>
          </div>
          <Outcome of={search} />
        </li>
      ))}
    </ul>
  );
}

function Outcome({ of }: { of: Search }) {
  const { t } = useTranslation();
  return (
    <span className="flex flex-wrap gap-x-3">
      <Link to={"." as string} search={((before: Record<string, unknown>) => ({ ...before, found: String(of.search) })) as never} className="text-accent underline">{t("investigation.found", { count: of.found, fresh: of.new })}</Link>
      {of.encrypted > 0 && <Tone tone="warning">{t("investigation.encrypted", { count: of.encrypted })}</Tone>}
      {!of.whole && <Tone tone="warning">{t("investigation.not-whole", { count: of.custodians })}</Tone>}
    </span>
  );
}
