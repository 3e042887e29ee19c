// What waits for a second person: what colleagues have asked for, and messages that rules for outbound mail keep back.

import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { idInPath } from "../../account/api";
import { Button } from "../../ui/button";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { whole } from "../kit/remote";
import { Decide } from "./decide";
import { DecideMessage } from "./decide-message";
import { isMine, type Request, sentenceOf, TONES } from "./request";
import { People, Person } from "./shared";

interface WaitingMessage {
  id: string;
  sender: string | null;
  to: string[];
  subject: string;
  reason: string | null;
  rules: { rule: string; found: string[] }[];
  needs: { rule: string; by: string; given: boolean }[];
  state: "waiting" | "released" | "refused" | "expired" | "withdrawn";
  since: string;
  expires: string;
  note: string;
  may_decide: boolean;
  by_itself: boolean;
}

const STATES: [string, string][] = [["waiting", "approval.state-waiting"], ["", "kit.any"], ["done", "approval.state-done"], ["refused", "approval.state-refused"], ["failed", "approval.state-failed"], ["lapsed", "approval.state-lapsed"]];
const fits = (row: Request, { state = "waiting", search = "" }: Record<string, string>) => (state === "" || row.state === state) && search.toLowerCase().split(/\s+/).every((word) => `${row.by} ${row.en} ${row.zh} ${row.action}`.toLowerCase().includes(word));
const ofAll = whole<Request>("approval-list", () => ({ own: false }), fits);
const ofMine = whole<Request>("approval-list", () => ({ own: true }), fits);

export default function ApprovalsScreen() {
  const { t } = useTranslation();
  return (
    <ScreenPage title={t("approval.title")} about={t("approval.about")}>
      <Requests />
      <Messages />
    </ScreenPage>
  );
}

function Requests() {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  const said = useSaid();
  const isAll = may("approval.read");
  return (
    <>
      <h2 className="text-[15px] font-semibold">{t(isAll ? "approval.requests" : "approval.requests-own")}</h2>
      <List<Request>
        title={isAll ? "approval.requests" : "approval.requests-own"}
        load={isAll ? ofAll : ofMine}
        empty="approval.none"
        rowKey={(row) => row.request}
        to={(row) => `/approvals/${idInPath(row.request)}`}
        filters={[{ name: "search", label: "kit.search" }, { name: "state", label: "approval.state", options: STATES, usual: "waiting" }]}
        columns={[
          { title: "approval.what", cell: (row) => sentenceOf(row, said), text: (row) => sentenceOf(row, said) },
          { title: "approval.by", cell: (row) => <Person address={row.by} />, text: (row) => row.by ?? "" },
          { title: "approval.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
          { title: "approval.expires", cell: (row) => <Moment at={row.expires} />, text: (row) => row.expires },
          { title: "approval.state", cell: (row) => <Tone tone={TONES[row.state]}>{t(`approval.state-${row.state}`)}</Tone>, text: (row) => t(`approval.state-${row.state}`) },
        ]}
        acts={(row, again) => row.state === "waiting" && (isMine(row, me.address) ? <span className="text-quiet">{t("approval.yours")}</span> : may("approval.decide") && <Decide of={row} done={again} />)}
      />
    </>
  );
}

const MESSAGE_TONES = { waiting: "warning", released: "ok", refused: "quiet", expired: "quiet", withdrawn: "quiet" } as const;

function Messages() {
  const { t } = useTranslation();
  const language = useSaid();
  const may = useMay();
  const navigate = useNavigate();
  const [version, setVersion] = useState(0);
  const load = useMemo(() => whole<WaitingMessage>("outbound-waiting", ({ messages = "waiting" }) => ({ all: messages === "all", language }), () => true), [language]);
  const again = () => setVersion((before) => before + 1);
  return (
    <>
      <h2 className="text-[15px] font-semibold">{t("approval.messages")}</h2>
      <List<WaitingMessage>
        title="approval.messages"
        load={load}
        version={version}
        empty="approval.messages-none"
        rowKey={(row) => row.id}
        filters={[{ name: "messages", label: "approval.messages-which", usual: "waiting", options: [["waiting", "approval.state-waiting"], ["all", "approval.messages-all"]] }]}
        columns={[
          { title: "approval.subject", cell: (row) => <>{row.subject || t("approval.no-subject")}{row.by_itself && <><br /><span className="text-quiet">{t("approval.by-itself")}</span></>}</>, text: (row) => row.subject },
          { title: "approval.sender", cell: (row) => <Person address={row.sender} />, text: (row) => row.sender ?? "" },
          { title: "approval.to", cell: (row) => <People of={row.to} />, text: (row) => row.to.join(" ") },
          { title: "approval.found", cell: (row) => <ul>{row.rules.map((it) => <li key={it.rule}>{it.found.join("; ")} <span className="text-quiet">({it.rule})</span></li>)}</ul>, text: (row) => row.rules.flatMap((it) => it.found).join("; ") },
          { title: "approval.reason", cell: (row) => row.reason ?? "–", text: (row) => row.reason ?? "" },
          { title: "approval.waits-for", cell: (row) => row.needs.filter((it) => !it.given).map((it) => it.by).join("; ") || "–", text: (row) => row.needs.filter((it) => !it.given).map((it) => it.by).join("; ") },
          { title: "approval.expires", cell: (row) => <Moment at={row.expires} />, text: (row) => row.expires },
          { title: "approval.state", cell: (row) => <Tone tone={MESSAGE_TONES[row.state]}>{t(`approval.message-${row.state}`)}</Tone>, text: (row) => row.state },
        ]}
        acts={(row) => row.may_decide && row.state === "waiting" && may("outbound.decide") && (
          <>
            <Button onPress={() => void navigate({ to: `/approvals/messages/${idInPath(row.id)}` as string })}>{t("approval.read")}</Button>
            <DecideMessage id={row.id} done={again} />
          </>
        )}
      />
    </>
  );
}

