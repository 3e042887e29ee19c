// One item of a standard, or one check: how it stands, what was read and where, how it came out before, and where to mend it.

import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { SCREENS } from "../all-screens";
import { usePlaces } from "../frame";
import { ActButton } from "../kit/form";
import { Block, Count, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { type Mend, wayTo } from "../overview/ways";
import { type Change, type Check, checksOf, type Figure, type Shown, TONES } from "./proofs";
import { wordsOf } from "./request";
import { Remark, useAsked, useOfPage } from "./shared";

/** What the page's own button does. */
const LOOK = "evidence-look";

export default function ProofScreen() {
  const { t } = useTranslation();
  const language = useSaid();
  const framework = useOfPage("framework");
  const item = useOfPage("item");
  const known = useAsked<Shown>("evidence-show", { framework, item, language });
  const acts = (
    <>
      <Link to={"/evidence" as string} search={{ framework } as never} className="inline-flex min-h-8 items-center rounded-md border border-line bg-paper px-3 hover:bg-hover">{t("proofs.all-of", { what: t(`proofs.of-${framework}`) })}</Link>
      <ActButton action={LOOK} label="proofs.look" ask={<p>{t("proofs.look-ask")}</p>} said="proofs.looked-now" done={known.again} />
    </>
  );
  return (
    <ScreenPage title={known.told ? `${item} ${known.told.title}` : item} back={{ to: "/evidence", name: t("proofs.title") }} acts={acts}>
      <Told of={known}>
        {(shown) => (
          <>
            <Standing of={shown} framework={framework} />
            {checksOf(shown).map((check) => <OneCheck key={check.check} of={check} />)}
            <History of={shown.history} />
          </>
        )}
      </Told>
    </ScreenPage>
  );
}

function Standing({ of, framework }: { of: Shown; framework: string }) {
  const { t } = useTranslation();
  return (
    <Block title="proofs.standing">
      <Facts>
        <Fact name="proofs.framework">{t(`proofs.of-${framework}`)}</Fact>
        <Fact name="proofs.state"><Tone tone={TONES[of.state]}>{t(`proofs.state-${of.state}`)}</Tone></Fact>
        {"person" in of && of.person !== null && <Fact name="proofs.person">{of.person}</Fact>}
      </Facts>
      {"checks" in of && of.checks.length === 0 && <div className="mt-3"><Remark tone="quiet">{t("proofs.no-checks")}</Remark></div>}
    </Block>
  );
}

function OneCheck({ of }: { of: Check }) {
  const { t } = useTranslation();
  return (
    <section aria-label={of.title} className="rounded-lg border border-line bg-paper p-4">
      <h2 className="mb-2 text-[15px] font-semibold">{of.title}</h2>
      <Facts>
        <Fact name="proofs.check"><code dir="ltr">{of.check}</code></Fact>
        <Fact name="proofs.state"><Tone tone={TONES[of.state]}>{t(`proofs.state-${of.state}`)}</Tone></Fact>
        {of.state !== "passed" && <Fact name="proofs.why"><ul>{of.why.map((words) => <li key={words}>{words}</li>)}</ul></Fact>}
        <Fact name="proofs.since"><Moment at={of.since} /></Fact>
        <Fact name="proofs.looked"><Moment at={of.looked} /></Fact>
        {of.mend.some(({ name }) => name !== LOOK) && <Fact name="proofs.mend"><Ways of={of.mend} /></Fact>}
      </Facts>
      <Figures of={of.figures} title={of.title} />
    </section>
  );
}

/** Where somebody acts: the places that are open to whoever looks, the others by their names. */
function Ways({ of }: { of: Mend[] }) {
  const { t } = useTranslation();
  const places = usePlaces().map(({ path }) => path);
  return (
    <ul className="flex flex-wrap gap-x-4">
      {of.filter(({ name }) => name !== LOOK).map((mend) => {
        const [path = "", query = ""] = (wayTo(mend, places) ?? "").split("?");
        const name = mend.kind === "settings" ? t("proofs.mend-settings", { section: mend.name }) : t(SCREENS.find((it) => it.path === path)?.title ?? "proofs.mend");
        return (
          <li key={`${mend.kind} ${mend.name}`}>
            {path === "" ? <span className="text-quiet">{mend.kind === "settings" ? name : <code dir="ltr">{mend.name}</code>}</span> : <Link to={path as string} search={Object.fromEntries(new URLSearchParams(query)) as never} className="text-accent underline">{name}</Link>}
          </li>
        );
      })}
    </ul>
  );
}

function Figures({ of, title }: { of: Figure[]; title: string }) {
  const { t } = useTranslation();
  if (of.length === 0) return <p className="mt-2 text-quiet">{t("proofs.figures-none")}</p>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div role="group" aria-label={t("proofs.figures-of", { title })} tabIndex={0} className="mt-3 max-h-96 overflow-auto">
      <table className="w-full">
        <thead><tr className="border-b border-line text-quiet">{["figure", "value", "source"].map((it) => <th key={it} scope="col" className="px-2 py-1 text-start font-medium">{t(`proofs.${it}`)}</th>)}</tr></thead>
        <tbody>
          {of.map(({ figure, name, value, source }) => (
            <tr key={`${figure} ${source} ${JSON.stringify(value)}`} className="border-b border-line last:border-b-0 align-top">
              <td className="px-2 py-1">{name}</td>
              <td dir="auto" className="max-w-96 px-2 py-1 break-words"><Value of={value} /></td>
              <td className="px-2 py-1"><code dir="ltr" className="break-all">{source}</code></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ of }: { of: unknown }) {
  const { t } = useTranslation();
  if (typeof of === "number") return <Count of={of} />;
  if (typeof of === "boolean") return <>{t(of ? "govern.yes" : "govern.no")}</>;
  const words = wordsOf(of);
  return words === "" ? <span className="text-quiet">–</span> : <>{words}</>;
}

function History({ of }: { of: Change[] }) {
  const { t } = useTranslation();
  return (
    <Block title="proofs.history">
      {of.length === 0 ? <p className="text-quiet">{t("proofs.history-none")}</p> : (
        <ul>
          {of.toSorted((one, other) => other.at.localeCompare(one.at)).map((change) => (
            <li key={`${change.at} ${change.check}`} className="flex flex-wrap items-start gap-x-4 gap-y-1 border-t border-line py-2 first:border-t-0">
              <Moment at={change.at} />
              <Tone tone={TONES[change.state]}>{t(`proofs.state-${change.state}`)}</Tone>
              <span className="min-w-0 flex-1 basis-60">{change.title}{change.state !== "passed" && <span className="block text-quiet">{change.why.join(" ")}</span>}</span>
            </li>
          ))}
        </ul>
      )}
    </Block>
  );
}
