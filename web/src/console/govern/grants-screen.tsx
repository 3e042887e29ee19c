// Grants to read another's mail for a while: asked for with a reason, agreed by a second person, told to the owner.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { idInPath } from "../../account/api";
import { FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay, useMe } from "../kit/me";
import { Moment, ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";
import { deedsOf, type Grant, TONES } from "./grant";
import { GrantDeeds } from "./grant-deeds";
import { Person } from "./shared";

const STATES: [string, string][] = [["", "kit.any"], ["asked", "grants.state-asked"], ["approved", "grants.state-approved"], ["over", "grants.state-over"], ["revoked", "grants.state-revoked"], ["refused", "grants.state-refused"]];
const fits = (row: Grant, { state = "", search = "" }: Record<string, string>) => (state === "" || row.state === state) && search.toLowerCase().split(/\s+/).every((word) => `${row.mail_of} ${row.asked_by} ${row.second_person} ${row.reason}`.toLowerCase().includes(word));
const ofAll = whole<Grant>("grant-list", () => ({}), fits);
const ofMine = whole<Grant>("grant-own", () => ({}), fits);
/** A week, which is as long as a grant lasts unless the settings say less. */
const HOURS_MAX = 168;

export default function GrantsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const [version, setVersion] = useState(0);
  const ask = may("grant.ask") && (
    <FormButton
      label="grants.ask"
      look="first"
      action="grant-ask"
      submit="grants.ask"
      fields={[
        { name: "address", label: "grants.whose", kind: "address" },
        { name: "reason", label: "grants.reason", hint: "grants.reason-hint", kind: "long" },
        { name: "hours", label: "grants.hours", kind: "number", min: 1, max: HOURS_MAX },
        { name: "mailboxes", label: "grants.mailboxes", hint: "grants.mailboxes-hint", kind: "lines", isOptional: true },
        { name: "received_from", label: "grants.from", kind: "date", isOptional: true },
        { name: "received_before", label: "grants.before", hint: "grants.before-hint", kind: "date", isOptional: true },
        { name: "hold", label: "grants.hold", hint: "grants.hold-hint", isOptional: true },
      ]}
      initial={{ hours: "24" }}
      done={() => setVersion((before) => before + 1)}
    />
  );
  return (
    <ScreenPage title={t("grants.title")} about={t("grants.about")} acts={ask}>
      <List<Grant>
        title="grants.title"
        load={may("grant.read") ? ofAll : ofMine}
        version={version}
        empty="grants.none"
        rowKey={(row) => row.grant}
        to={(row) => `/grants/${idInPath(row.grant)}`}
        filters={[{ name: "search", label: "kit.search" }, { name: "state", label: "grants.state", options: STATES }]}
        columns={[
          { title: "grants.reason", cell: (row) => row.reason, text: (row) => row.reason },
          { title: "grants.mail-of", cell: (row) => <Person address={row.mail_of} />, text: (row) => row.mail_of ?? "" },
          { title: "grants.asked-by", cell: (row) => <Person address={row.asked_by} />, text: (row) => row.asked_by ?? "" },
          { title: "grants.second", cell: (row) => <Person address={row.second_person} />, text: (row) => row.second_person ?? "" },
          { title: "grants.state", cell: (row) => <Tone tone={TONES[row.state]}>{t(`grants.state-${row.state}`)}</Tone>, text: (row) => t(`grants.state-${row.state}`) },
          { title: "grants.until", cell: (row) => <Moment at={row.until} />, text: (row) => row.until },
        ]}
        acts={(row, again) => <GrantDeeds of={row} deeds={deedsOf(row, me.address, may)} done={again} />}
      />
    </ScreenPage>
  );
}
