// Answers: made as drafts at each turn, read and changed by somebody, and sent once.

import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { ActButton, FormButton } from "../kit/form";
import { Block, Moment, Tone } from "../kit/parts";
import { useAsked } from "./shared";
import type { Whole } from "./subject";

interface Letter {
  letter: string;
  kind: string;
  made: string;
  sent: string | null;
  subject: string;
  text: string;
}

export function Letters({ of, mayChange, changed }: { of: Whole; mayChange: boolean; changed: () => void }) {
  const { t } = useTranslation();
  const known = useAsked<Letter[]>("subject-letters", { id: of.id });
  const sent = () => {
    known.again();
    changed();
  };
  return (
    <Block title="subject.letters">
      <Told of={known}>
        {(all) => all.length === 0 ? <p className="text-quiet">{t("subject.letters-none")}</p> : (
          <ul className="flex flex-col gap-3">{all.map((letter) => <li key={letter.letter}><One of={of} letter={letter} mayChange={mayChange} again={known.again} sent={sent} /></li>)}</ul>
        )}
      </Told>
    </Block>
  );
}

function One({ of, letter, mayChange, again, sent }: { of: Whole; letter: Letter; mayChange: boolean; again: () => void; sent: () => void }) {
  const { t } = useTranslation();
  const body = { id: of.id, letter: letter.letter };
  return (
    <article aria-label={letter.subject} className="rounded-md border border-line p-3">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h3 dir="auto" className="min-w-0 flex-1 basis-60 font-semibold">{letter.subject}</h3>
        {letter.sent ? <Tone tone="ok">{t("subject.letter-sent")} <Moment at={letter.sent} /></Tone> : <Tone tone="warning">{t("subject.letter-draft")}</Tone>}
      </header>
      <p dir="auto" className="my-2 whitespace-pre-wrap">{letter.text}</p>
      {!letter.sent && mayChange && (
        <div className="flex flex-wrap gap-2">
          <FormButton
            label="subject.letter-change"
            action="subject-letter-set"
            submit="kit.keep"
            fixed={body}
            initial={{ subject: letter.subject, text: letter.text }}
            fields={[{ name: "subject", label: "subject.letter-subject" }, { name: "text", label: "subject.letter-text", kind: "long" }]}
            done={again}
          />
          <ActButton action="subject-letter-send" body={body} label="subject.letter-send" look="first" name={letter.subject} ask={<p>{t("subject.letter-ask", { address: of.answer_to })}</p>} said="subject.letter-went" done={sent} />
        </div>
      )}
    </article>
  );
}
