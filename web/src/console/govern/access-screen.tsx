// Who may do what: everybody with roles, duties, exceptions and grants; the report of a quarter, and who has signed it off.

import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told } from "../../account/section";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { Block, Count, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { octetsOf, saveFile, whole } from "../kit/remote";
import { isOver, quarters } from "./quarter";
import { roleName, ROLES } from "./roles";
import { Person, Remark, useAsked } from "./shared";

interface Reviewed {
  address: string | null;
  name: string;
  kind: string;
  state: "active" | "disabled" | "frozen";
  roles: string[];
  duties: string[];
  exception: string | null;
  open_grants: number;
  since: string;
}

interface SignOff {
  id: string;
  at: string;
  who: string;
  period: string;
  note: string;
}

const DUTIES = ["administration", "security", "audit"];
const load = whole<Reviewed>("access-review", () => ({}), (row, { search = "", role = "", duty = "", only = "" }) =>
  (role === "" || row.roles.includes(role)) && (duty === "" || row.duties.includes(duty)) &&
  (only !== "joined" || row.exception !== null) && (only !== "grants" || row.open_grants > 0) && (only !== "idle" || row.state !== "active") &&
  search.toLowerCase().split(/\s+/).every((word) => `${row.address} ${row.name} ${row.roles.join(" ")}`.toLowerCase().includes(word)));

export default function AccessScreen() {
  const { t } = useTranslation();
  return (
    <ScreenPage
      title={t("rights.title")}
      about={t("rights.about")}
      acts={
        <>
          <Link to={"/access/table" as string} className="inline-flex min-h-8 items-center text-accent underline">{t("rights.table")}</Link>
          <Link to={"/access/explain" as string} className="inline-flex min-h-8 items-center text-accent underline">{t("rights.explain")}</Link>
        </>
      }
    >
      <Standing />
      <List<Reviewed>
        title="rights.people"
        load={load}
        empty="rights.none"
        rowKey={(row) => row.address ?? row.since}
        filters={[
          { name: "search", label: "kit.search" },
          { name: "role", label: "rights.role", options: [["", "kit.any"], ...ROLES] },
          { name: "duty", label: "rights.duty", options: [["", "kit.any"], ...DUTIES.map((it): [string, string] => [it, `rights.duty-${it}`])] },
          { name: "only", label: "rights.only", options: [["", "kit.any"], ["joined", "rights.only-joined"], ["grants", "rights.only-grants"], ["idle", "rights.only-idle"]] },
        ]}
        columns={[
          { title: "rights.person", cell: (row) => <><Person address={row.address} />{row.name !== row.address && <><br /><bdi className="text-quiet">{row.name}</bdi></>}</>, text: (row) => row.address ?? "" },
          { title: "rights.roles", cell: (row) => row.roles.map((role) => roleName(role, t)).join(t("outrule.comma")), text: (row) => row.roles.join(" ") },
          { title: "rights.duties", cell: (row) => row.duties.map((duty) => t(`rights.duty-${duty}`)).join(t("outrule.comma")) || "–", text: (row) => row.duties.join(" ") },
          { title: "rights.exception", cell: (row) => (row.exception === null ? "–" : <Tone tone="warning"><span className="whitespace-normal">{row.exception}</span></Tone>), text: (row) => row.exception ?? "" },
          { title: "rights.grants", cell: (row) => (row.open_grants > 0 ? <Link to={"/grants" as string} search={{ search: row.address ?? "", state: "approved" } as never} className="text-accent underline"><Count of={row.open_grants} /></Link> : "0"), text: (row) => String(row.open_grants), isNumber: true },
          { title: "rights.state", cell: (row) => <Tone tone={row.state === "active" ? "ok" : "warning"}>{t(`rights.state-${row.state}`)}</Tone>, text: (row) => row.state },
          { title: "rights.since", cell: (row) => <Moment at={row.since} />, text: (row) => row.since },
        ]}
      />
    </ScreenPage>
  );
}

/** Whether the last quarter was reviewed, and what does not stand as it should. */
function Standing() {
  const { t } = useTranslation();
  const said = useSaid();
  const known = useAsked<SignOff[]>("access-sign-offs", {});
  const all = quarters(new Date());
  const over = all.find((it) => isOver(it, new Date())) ?? "";
  const isDone = known.told?.some(({ period }) => period === over);
  return (
    <Block title="rights.review" beside={<><Report periods={all} language={said} /><SignOffButton periods={all} done={known.again} /></>}>
      <Told of={known}>
        {(list) => (
          <div className="flex flex-col gap-2">
            <Remark tone={isDone ? "ok" : "warning"}>{t(isDone ? "rights.reviewed" : "rights.not-reviewed", { period: over })}</Remark>
            {list.length > 0 && (
              <ul>
                {list.map((it) => (
                  <li key={it.id} className="flex flex-wrap gap-x-4 border-t border-line py-1"><span className="font-medium">{it.period}</span><Person address={it.who} /><Moment at={it.at} /><bdi className="min-w-0 flex-1 basis-60">{it.note}</bdi></li>
                ))}
              </ul>
            )}
          </div>
        )}
      </Told>
    </Block>
  );
}

function Report({ periods, language }: { periods: string[]; language: "zh" | "en" }) {
  const { t } = useTranslation();
  const { fail } = useNotices();
  const [isOpen, setOpen] = useState(false);
  const [period, setPeriod] = useState(periods[0] ?? "");
  const save = async (format: string) => {
    const { file, base64 } = await act<{ file: string; base64: string }>("access-report", { period, language, format });
    saveFile(file, "application/octet-stream", octetsOf(base64));
  };
  if (!isOpen) return <Button onPress={() => setOpen(true)}>{t("rights.report")}</Button>;
  return (
    <span className="flex flex-wrap items-center gap-2">
      <label className="flex items-center gap-2"><span className="text-quiet">{t("rights.quarter")}</span>
        <select className="min-h-8 rounded-md border border-strong-line bg-paper px-2" value={period} onChange={(event) => setPeriod(event.target.value)}>{periods.map((it) => <option key={it}>{it}</option>)}</select>
      </label>
      {["pdf", "html", "csv"].map((format) => <Button key={format} onPress={() => void save(format).catch(fail)}>{t("rights.report-as", { format: format.toUpperCase() })}</Button>)}
    </span>
  );
}

function SignOffButton({ periods, done }: { periods: string[]; done: () => void }) {
  const { t } = useTranslation();
  return (
    <FormButton
      label="rights.sign-off"
      action="access-sign-off"
      submit="rights.sign-off"
      fields={[
        { name: "period", label: "rights.quarter", kind: "choice", options: periods.map((it) => [it, it]) },
        { name: "note", label: "rights.note", hint: "rights.note-hint", kind: "long" },
      ]}
      initial={{ period: periods[1] ?? periods[0] ?? "" }}
      done={done}
    >
      <p className="text-quiet">{t("rights.sign-off-what")}</p>
    </FormButton>
  );
}
