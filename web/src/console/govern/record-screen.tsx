// One record of the audit log with its proof, which is checked here as an outsider would.

import { Fragment, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { Button } from "../../ui/button";
import { Block, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";
import { saveFile } from "../kit/remote";
import { OUTCOME_TONES } from "./event";
import { type Check, checksOf, leafOf, type Proven, toldOf } from "./record";
import { wordsOf } from "./request";
import { jsonFile, Remark, useAsked, useOfPage } from "./shared";

export default function RecordScreen() {
  const { t } = useTranslation();
  const event = useOfPage("event");
  const known = useAsked<Proven>("audit-prove", { event });
  return (
    <ScreenPage title={t("audit.one")} about={t("audit.one-about")} back={{ to: "/audit", name: t("audit.title") }}>
      <Told of={known}>{(proven) => <One of={proven} />}</Told>
    </ScreenPage>
  );
}

function One({ of }: { of: Proven }) {
  const { t } = useTranslation();
  const leaf = leafOf(of.record);
  const outcome = leaf.outcome as keyof typeof OUTCOME_TONES;
  return (
    <>
      <Checks of={of} />
      <Block title="audit.in-log">
        <Facts>
          <Fact name="audit.at"><Moment at={leaf.at} /></Fact>
          <Fact name="audit.what"><code>{leaf.action}</code></Fact>
          <Fact name="audit.outcome"><Tone tone={OUTCOME_TONES[outcome] ?? "quiet"}>{t(`audit.outcome-${outcome}`)}</Tone></Fact>
          <Fact name="audit.actor"><code dir="ltr">{leaf.actor}</code></Fact>
          <Fact name="audit.place">{t("audit.place-of", { place: of.proof.place + 1, size: of.proof.size })}</Fact>
        </Facts>
      </Block>
      <Block title="audit.told">{of.disclosed ? <Disclosed text={of.disclosed.text} /> : <p className="text-quiet">{t("audit.forgotten")}</p>}</Block>
    </>
  );
}

/** Everything that was kept beside the log, under the names that it has where this page knows them. */
function Disclosed({ text }: { text: string }) {
  const { t, i18n } = useTranslation();
  return (
    <Facts>
      {Object.entries(toldOf(text)).map(([name, value]) => (
        <Fragment key={name}>
          <dt className="text-quiet">{i18n.exists(`audit.told-${name}`) ? t(`audit.told-${name}`) : name}</dt>
          <dd className="min-w-0"><code className="break-all whitespace-pre-wrap">{wordsOf(value) || "–"}</code></dd>
        </Fragment>
      ))}
    </Facts>
  );
}

function Checks({ of }: { of: Proven }) {
  const { t } = useTranslation();
  const head = useAsked<{ key: string | null }>("audit-head", {});
  const key = head.told?.key;
  const [checks, setChecks] = useState<[Check, boolean][]>();
  useEffect(() => {
    let ended = false;
    if (key) void checksOf(of, key).then((found) => !ended && setChecks(found));
    return () => {
      ended = true;
    };
  }, [of, key]);
  const isWhole = checks?.every(([, holds]) => holds);
  return (
    <Block title="audit.checks" beside={<Button onPress={() => saveFile("record.json", "application/json", jsonFile({ ...of, key: key ?? null }))}>{t("audit.save-proof")}</Button>}>
      {checks === undefined ? <p className="text-quiet">{t("app.loading")}</p> : (
        <div className="flex flex-col gap-2">
          <Remark tone={isWhole ? "ok" : "danger"}>{t(isWhole ? "audit.holds" : "audit.broken")}</Remark>
          <ul>{checks.map(([check, holds]) => <li key={check}><Tone tone={holds ? "ok" : "danger"}>{t(`audit.check-${check}`)}</Tone></li>)}</ul>
        </div>
      )}
    </Block>
  );
}
