// One request that waits or waited for a second person.

import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { useMay, useMe } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { Decide } from "./decide";
import { readRule } from "./outbound-rule";
import { RuleInWords } from "./outbound-words";
import { isMine, type Request, sentenceOf, TONES, wordsOf } from "./request";
import { Person, Remark, useAsked, useOfPage } from "./shared";

export default function RequestScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const id = useOfPage("request");
  const known = useAsked<Request[]>("approval-list", { own: !may("approval.read") });
  return (
    <ScreenPage title={t("approval.one")} back={{ to: "/approvals", name: t("approval.title") }}>
      <Told of={known}>
        {(all) => {
          const found = all.find(({ request }) => request === id);
          return found ? <One of={found} again={known.again} /> : <Remark tone="quiet">{t("approval.not-there")}</Remark>;
        }}
      </Told>
    </ScreenPage>
  );
}

function One({ of, again }: { of: Request; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const said = useSaid();
  const isOpen = of.state === "waiting";
  return (
    <>
      {of.state === "failed" && <Remark tone="danger">{t("approval.failed", { reason: of.outcome ?? "" })}</Remark>}
      <Block title="approval.what" beside={isOpen && !isMine(of, me.address) && may("approval.decide") && <Decide of={of} done={again} />}>
        <p dir="auto" className="mb-3 text-[15px]">{sentenceOf(of, said)}</p>
        <Facts>
          <Fact name="approval.state"><Tone tone={TONES[of.state]}>{t(`approval.state-${of.state}`)}</Tone></Fact>
          <Fact name="approval.by"><Person address={of.by} /></Fact>
          <Fact name="approval.since"><Moment at={of.since} /></Fact>
          <Fact name="approval.expires"><Moment at={of.expires} /></Fact>
        </Facts>
        {isOpen && <p className="mt-3 text-quiet">{t(isMine(of, me.address) ? "approval.yours-why" : "approval.carried-out")}</p>}
      </Block>
      <Block title="approval.details"><Details of={of} /></Block>
    </>
  );
}

/** Everything that the request says: what a sentence leaves out must not slip through. */
function Details({ of: { action, details } }: { of: Request }) {
  const { t, i18n } = useTranslation();
  const said = Object.entries(details ?? {}).filter(([, value]) => value !== null && value !== "");
  if (said.length === 0) return <p className="text-quiet">{t("approval.no-details")}</p>;
  const rule = action === "outbound-rule-set" && typeof details?.rule === "string" ? readRule(details.rule) : undefined;
  return (
    <>
      <Facts>
        {said.filter(([name]) => !(rule && name === "rule")).map(([name, value]) => (
          <Fragment key={name}>
            <dt className="text-quiet">{i18n.exists(`approval.field-${name}`) ? t(`approval.field-${name}`) : name}</dt>
            <dd dir="auto" className="min-w-0 whitespace-pre-wrap">{typeof value === "boolean" ? t(value ? "govern.yes" : "govern.no") : wordsOf(value)}</dd>
          </Fragment>
        ))}
      </Facts>
      {rule && <RuleInWords rule={rule} />}
    </>
  );
}

