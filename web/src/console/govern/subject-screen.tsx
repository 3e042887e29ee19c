// One request of somebody about his data: until when, where he was found, what is done, what he is answered.

import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";
import { Person, Remark, useAsked, useOfPage } from "./shared";
import { asksFor, isRestricted, urgency, type Whole } from "./subject";
import { Deeds } from "./subject-deeds";
import { Gone } from "./subject-gone";
import { Letters } from "./subject-letters";
import { Places } from "./subject-places";
import { Course } from "./subject-course";
import { Due, STATE_TONES } from "./subjects-screen";

export default function SubjectScreen() {
  const { t } = useTranslation();
  const id = useOfPage("subject");
  const known = useAsked<Whole>("subject-show", { id });
  return (
    <ScreenPage title={known.told ? `${t(`subject.kind-${known.told.kind}`)}: ${known.told.name}` : t("subject.one")} back={{ to: "/subjects", name: t("subject.title") }}>
      <Told of={known}>{(of) => <One of={of} again={known.again} />}</Told>
    </ScreenPage>
  );
}

function One({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  const mayChange = useMay()("subject.change");
  return (
    <>
      {urgency(of) === "over" && <Remark tone="danger">{t("subject.over")}</Remark>}
      {of.state === "open" && of.identity === null && <Remark tone="warning">{t("subject.unknown")}</Remark>}
      <About of={of} again={again} />
      <Places of={of} again={again} mayChange={mayChange} />
      <Deeds of={of} again={again} />
      {of.erased && <Gone of={of} erased={of.erased} />}
      {/* Each step makes its draft. */}
      <Letters key={of.steps.length} of={of} mayChange={mayChange} changed={again} />
      <Steps of={of} />
    </>
  );
}

function About({ of, again }: { of: Whole; again: () => void }) {
  const { t } = useTranslation();
  return (
    <Block title="subject.request" beside={<Course of={of} again={again} />}>
      {of.note !== "" && <p dir="auto" className="mb-3 whitespace-pre-wrap">{of.note}</p>}
      <Facts>
        <Fact name="subject.state"><Tone tone={STATE_TONES[of.state]}>{t(`subject.state-${of.state}`)}</Tone> {of.closed && <Moment at={of.closed} />}</Fact>
        <Fact name="subject.due"><Due of={of} /></Fact>
        <Fact name="subject.kind">{t(`subject.kind-${of.kind}`)}</Fact>
        <Fact name="subject.law">{t(`subject.law-${of.law}`)}</Fact>
        <Fact name="subject.who">{t(of.ours ? "subject.ours" : "subject.outside")}</Fact>
        <Fact name="subject.addresses"><ul>{of.addresses.map((address) => <li key={address}>{of.ours ? <Person address={address} /> : <bdi>{address}</bdi>}</li>)}</ul></Fact>
        <Fact name="subject.answer-to"><bdi>{of.answer_to}</bdi> ({t(`proofs.language-${of.language}`)})</Fact>
        <Fact name="subject.received"><Moment at={of.received} /></Fact>
        <Fact name="subject.by"><Person address={of.by} /></Fact>
        <Fact name="subject.how">{of.identity ? <>{of.identity.how} <span className="text-quiet">(<Person address={of.identity.by} />, <Moment at={of.identity.at} />)</span></> : <Tone tone="warning">{t("subject.not-known")}</Tone>}</Fact>
        {of.extension && <Fact name="subject.extended-because">{of.extension.reason} <span className="text-quiet">(<Person address={of.extension.by} />, <Moment at={of.extension.at} />)</span></Fact>}
        {of.refusal && <Fact name="subject.refused-because">{of.refusal.reason}{of.refusal.hold && <span className="block">{t("subject.refused-hold", { name: of.refusal.hold[1], since: of.refusal.hold[2] })}</span>}</Fact>}
        {asksFor.restriction(of) && <Fact name="subject.restriction">{isRestricted(of) ? <Tone tone="ok">{t("subject.restricted")}</Tone> : <Tone tone="quiet">{t("subject.not-restricted")}</Tone>}</Fact>}
      </Facts>
    </Block>
  );
}

function Steps({ of: { steps } }: { of: Whole }) {
  const { t } = useTranslation();
  return (
    <Block title="subject.steps">
      <ol>
        {steps.map((step) => (
          <li key={`${step.at} ${step.step} ${step.note}`} className="flex flex-wrap gap-x-4 border-t border-line py-1 first:border-t-0">
            <Moment at={step.at} /><span className="font-medium">{t(`subject.step-${step.step}`)}</span><Person address={step.by} />
            {step.note !== "" && !["opened", "letter-sent", "investigated"].includes(step.step) && <bdi className="min-w-0 flex-1 basis-60 text-quiet">{step.note}</bdi>}
          </li>
        ))}
      </ol>
    </Block>
  );
}
