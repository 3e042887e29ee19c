// What was erased, what stays and on which basis, and the proof that keys were destroyed.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { unmarked } from "../../account/api";
import { ActButton } from "../kit/form";
import { Block, Count, Moment } from "../kit/parts";
import { saveFile } from "../kit/remote";
import { Remark } from "./shared";
import type { Erased, Whole } from "./subject";

interface Proof {
  complete: boolean;
  waiting: string[];
  proof: object;
}

export function Gone({ of, erased }: { of: Whole; erased: Erased }) {
  const { t } = useTranslation();
  const [proof, setProof] = useState<Proof>();
  const save = (made: Proof) => {
    // Numbers as the server wrote them: the proof is verified letter for letter.
    saveFile(`proof-${of.id}.json`, "application/json", unmarked(JSON.stringify(made.proof)));
    setProof(made);
  };
  const beside = erased.proof && <ActButton<Proof> action="subject-proof" body={{ id: of.id }} label="subject.proof" look="first" done={save} />;
  const gone = Object.entries(erased.gone);
  return (
    <Block title="subject.erased" beside={beside}>
      <div className="flex flex-col gap-3">
        <p><Moment at={erased.at} /></p>
        {proof && <Remark tone={proof.complete ? "ok" : "warning"}>{proof.complete ? t("subject.proof-complete") : t("subject.proof-waits", { places: proof.waiting.join("; ") })}</Remark>}
        {gone.length > 0 && <ul className="list-disc ps-5">{gone.map(([place, things]) => <li key={place}>{t(`subject.place-${place}`)}{t("protect.colon")} <Count of={things} /></li>)}</ul>}
        {erased.kept.length > 0 && (
          <div>
            <h3 className="font-semibold">{t("subject.kept")}</h3>
            <ul className="list-disc ps-5">
              {erased.kept.map(({ place, things, basis }) => (
                <li key={`${place} ${basis}`}>{things > 0 && <>{t(`subject.place-${place}`)}{t("protect.colon")} <Count of={things} />. </>}{t(`subject.basis-${basis}`)}</li>
              ))}
            </ul>
          </div>
        )}
        {erased.proof && <p className="text-quiet">{t("subject.proof-how")} <code dir="ltr">tradewind subject verify</code></p>}
      </div>
    </Block>
  );
}
