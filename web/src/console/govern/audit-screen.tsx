// The audit log: what was decided and done, and how an outsider proves that nothing of it was changed.

import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { List } from "../kit/list";
import { Block, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { inDays, pages, saveFile } from "../kit/remote";
import { type Event, eventSays, OUTCOMES, OUTCOME_TONES } from "./event";
import { Because } from "./right-words";
import { Person, Remark, useAsked } from "./shared";

const load = pages<Event>("audit-page", inDays);

export default function AuditScreen() {
  const { t } = useTranslation();
  const said = useSaid();
  return (
    <ScreenPage title={t("audit.title")} about={t("audit.about")}>
      <Head />
      <h2 className="text-[15px] font-semibold">{t("audit.records")}</h2>
      <List<Event>
        title="audit.records"
        load={load}
        empty="audit.none"
        rowKey={(row) => `${row.id ?? ""} ${row.at} ${row.who} ${row.on}`}
        filters={[
          { name: "actor", label: "audit.who", kind: "address", words: ["operator"], hint: "audit.actor-hint" },
          { name: "of_action", label: "audit.action" },
          { name: "object", label: "audit.object" },
          { name: "since", label: "audit.since", kind: "date" },
          { name: "until", label: "audit.until", kind: "date" },
          { name: "outcome", label: "audit.outcome", options: [["", "kit.any"], ...OUTCOMES.map((it): [string, string] => [it, `audit.outcome-${it}`])] },
        ]}
        to={(row) => (row.id === null ? "/audit" : `/audit/${row.id}`)}
        columns={[
          { title: "audit.what", cell: (row) => eventSays(row, said, t), text: (row) => eventSays(row, said, t) },
          { title: "audit.at", cell: (row) => <Moment at={row.at} />, text: (row) => row.at },
          { title: "audit.who", cell: (row) => <Person address={row.who} />, text: (row) => row.who },
          { title: "audit.from", cell: (row) => <span dir="ltr">{row.from ?? "–"}</span>, text: (row) => row.from ?? "" },
          { title: "audit.outcome", cell: (row) => <Tone tone={OUTCOME_TONES[row.outcome]}>{t(`audit.outcome-${row.outcome}`)}</Tone>, text: (row) => t(`audit.outcome-${row.outcome}`) },
          { title: "audit.because", cell: (row) => <span className="text-quiet"><Because words={row.because} /></span>, text: (row) => row.because },
        ]}
      />
    </ScreenPage>
  );
}

interface HeadTold {
  key: string | null;
  time: string | null;
  checkpoint: string | null;
}

/** A seal that is older stands still: records get theirs within a minute. */
const FRESH_MS = 15 * 60_000;

/** By what outsiders hold the log. */
function Head() {
  const { t } = useTranslation();
  const known = useAsked<HeadTold>("audit-head", {});
  return (
    <Block title="audit.head">
      <Told of={known}>
        {({ key, time, checkpoint }) => (
          <div className="flex flex-col gap-3">
            {time !== null && Date.now() - Date.parse(time) > FRESH_MS && <Remark tone="danger">{t("audit.stands-still")}</Remark>}
            <Facts>
              <Fact name="audit.sealed"><Moment at={time} /></Fact>
              <Fact name="audit.size">{checkpoint?.split("\n")[1] ?? "–"}</Fact>
              <Fact name="audit.key">{key ? <Copied text={key} /> : "–"}</Fact>
            </Facts>
            <details>
              <summary className="cursor-pointer font-medium">{t("audit.outsider")}</summary>
              <Steps key_={key ?? "KEY"} checkpoint={checkpoint} />
            </details>
          </div>
        )}
      </Told>
    </Block>
  );
}

export function Copied({ text }: { text: string }) {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  return (
    <span className="flex flex-wrap items-center gap-2">
      <code dir="ltr" className="min-w-0 select-all break-all">{text}</code>
      <Button onPress={() => void navigator.clipboard.writeText(text).then(() => say(t("govern.copied")), fail)}>{t("account.copy")}</Button>
    </span>
  );
}

function Steps({ key_, checkpoint }: { key_: string; checkpoint: string | null }) {
  const { t } = useTranslation();
  return (
    <ol className="ms-5 mt-2 flex list-decimal flex-col gap-3">
      <li>{t("audit.step-key")}</li>
      <li>{t("audit.step-export")}<br /><Copied text="tradewind audit export log" /></li>
      <li>{t("audit.step-verify")}<br /><Copied text={`tradewind audit verify log --key ${key_}`} /></li>
      <li>{t("audit.step-other")}<br /><Copied text={`python3 verify_audit.py log ${key_}`} /></li>
      <li>
        {t("audit.step-witness")}
        {checkpoint && <div className="mt-1"><Button onPress={() => saveFile("checkpoint.txt", "text/plain", checkpoint)}>{t("audit.save-checkpoint")}</Button></div>}
      </li>
      <li>{t("audit.step-one")}</li>
    </ol>
  );
}
