// Why somebody may do something, or not: the answer of the table, and each row that was looked at.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { ActForm } from "../kit/form";
import { Block, Fact, Facts, ScreenPage, Tone } from "../kit/parts";
import { Because, useRightName } from "./right-words";
import { Person, useAsked } from "./shared";

interface Explained {
  who: string;
  action: string;
  on: string;
  answer: "allowed" | "refused" | "allowed with more";
  because: string;
  needs: string[];
  rows: { row: string; applies: boolean }[];
}

const ANSWERS = { allowed: ["ok", "allowed"], refused: ["danger", "refused"], "allowed with more": ["warning", "more"] } as const;

export default function AccessExplainScreen() {
  const { t } = useTranslation();
  const rightName = useRightName();
  const table = useAsked<{ action: string }[]>("access-table", {});
  const [found, setFound] = useState<Explained>();
  return (
    <ScreenPage title={t("rights.explain")} about={t("rights.explain-about")} back={{ to: "/access", name: t("rights.title") }}>
      <Block title="rights.question">
        <Told of={table}>
          {(rows) => (
            <div className="max-w-xl">
              <ActForm<Explained>
                action="access-explain"
                submit="rights.answer-it"
                fields={[
                  { name: "who", label: "rights.person", kind: "address" },
                  { name: "what", label: "rights.right", kind: "choice", options: [...new Set(rows.map(({ action }) => action))].sort().map((right): [string, string] => [right, rightName(right)]) },
                  { name: "kind", label: "rights.whose", kind: "choice", options: [["own", "rights.whose-own"], ["organisation", "rights.whose-organisation"], ["installation", "rights.whose-installation"], ["other", "rights.whose-other"]] },
                  { name: "other", label: "rights.other", hint: "rights.other-hint", kind: "address", isOptional: true },
                ]}
                body={({ who, what, kind, other }) => ({ who, what, on: kind === "other" ? (other ?? "") : kind })}
                done={setFound}
              />
            </div>
          )}
        </Told>
      </Block>
      {found && <Answer of={found} />}
    </ScreenPage>
  );
}

function Answer({ of }: { of: Explained }) {
  const { t } = useTranslation();
  const rightName = useRightName();
  const [tone, word] = ANSWERS[of.answer];
  return (
    <Block title="rights.answer">
      <div role="status" className="flex flex-col gap-3">
        <Facts>
          <Fact name="rights.person"><Person address={of.who} /></Fact>
          <Fact name="rights.right">{rightName(of.action)}</Fact>
          <Fact name="rights.answer"><Tone tone={tone}>{t(`rights.answer-${word}`)}</Tone></Fact>
          <Fact name="rights.because"><Because words={of.because} /></Fact>
          {of.needs.length > 0 && <Fact name="rights.needs">{of.needs.join("; ")}</Fact>}
        </Facts>
        {of.rows.length > 0 && (
          <>
            <p className="text-quiet">{t("rights.looked-at")}</p>
            <ul>{of.rows.map((it) => <li key={it.row} className="border-t border-line py-1"><Tone tone={it.applies ? "ok" : "quiet"}>{t(it.applies ? "rights.applies" : "rights.applies-not")}</Tone> <Because words={it.row} /></li>)}</ul>
          </>
        )}
      </div>
    </Block>
  );
}
