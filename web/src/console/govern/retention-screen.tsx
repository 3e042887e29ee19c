// How long mail stays: for how long removed mail can be brought back, and rules that remove old mail.

import { Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { size } from "../../i18n/format";
import { Button } from "../../ui/button";
import { ActButton, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Block, Count, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";
import { whole } from "../kit/remote";
import { conditionsOf, type RetentionRule } from "./retention";
import { Person, useAsked } from "./shared";

const STATES: [string, string][] = [["", "kit.any"], ["on", "retention.on"], ["off", "retention.off"]];
const load = whole<RetentionRule>("retention-rule-list", () => ({}), (row, { state = "", search = "" }) =>
  (state === "" || (state === "off") === row.off) && search.toLowerCase().split(/\s+/).every((word) => `${row.name} ${conditionsOf(row).flat().join(" ")} ${row.by}`.toLowerCase().includes(word)));

export default function RetentionScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const mayChange = may("policy.change");
  return (
    <ScreenPage title={t("retention.title")} about={t("retention.about")} acts={mayChange && <Button look="first" onPress={() => void navigate({ to: "/retention/new" as string })}>{t("retention.add")}</Button>}>
      <Window />
      <h2 className="text-[15px] font-semibold">{t("retention.rules")}</h2>
      <List<RetentionRule>
        title="retention.rules"
        load={load}
        empty="retention.none"
        rowKey={(row) => row.name}
        to={(row) => `/retention/rules/${encodeURIComponent(row.name)}`}
        filters={[{ name: "search", label: "kit.search" }, { name: "state", label: "retention.state", options: STATES }]}
        columns={[
          { title: "retention.name", cell: (row) => row.name, text: (row) => row.name },
          { title: "retention.removes", cell: (row) => <Removes of={row} />, text: (row) => conditionsOf(row).map(([name, value]) => `${t(`retention.${name}`)}: ${value}`).join("; ") },
          { title: "retention.days", cell: (row) => <Count of={row.days} />, text: (row) => String(row.days), isNumber: true },
          { title: "retention.state", cell: (row) => <Tone tone={row.off ? "quiet" : "ok"}>{t(row.off ? "retention.off" : "retention.on")}</Tone>, text: (row) => t(row.off ? "retention.off" : "retention.on") },
          { title: "retention.last-run", cell: (row) => <Moment at={row.last_run} />, text: (row) => row.last_run ?? "" },
          { title: "retention.by", cell: (row) => <Person address={row.by} />, text: (row) => row.by },
        ]}
        acts={(row, again) => mayChange && (
          <ActButton label="retention.remove" name={row.name} look="danger" action="retention-rule-remove" body={{ name: row.name }} done={again} ask={<p>{t("retention.remove-ask", { name: row.name })}</p>} />
        )}
      />
    </ScreenPage>
  );
}

function Removes({ of }: { of: RetentionRule }) {
  const { t } = useTranslation();
  return (
    <ul>
      {conditionsOf(of).map(([name, value]) => <li key={name}>{t(`retention.${name}`)}{t("protect.colon")} <bdi>{value}</bdi></li>)}
      {of.flagged_too && <li>{t("retention.flagged_too")}</li>}
    </ul>
  );
}

interface Kept {
  days: number;
  messages: number;
  bytes: number;
}

/** For how long removed mail is kept, and how much there is of it. */
function Window() {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const known = useAsked<Kept>("retention-window", {});
  return (
    <Block
      title="retention.window"
      beside={
        known.told && may("policy.change") && (
          <FormButton
            label="retention.window-set"
            action="retention-window-set"
            submit="retention.window-set"
            fields={[{ name: "days", label: "retention.window-days", hint: "retention.window-hint", kind: "number", min: 0, max: 3650 }]}
            initial={{ days: String(known.told.days) }}
            done={known.again}
          >
            <p>{t("retention.window-scope", { count: known.told.messages, size: size(known.told.bytes, i18n.language) })}</p>
          </FormButton>
        )
      }
    >
      <Told of={known}>
        {({ days, messages, bytes }) => (
          <Facts>
            <Fact name="retention.window-days">{days === 0 ? <Tone tone="warning">{t("retention.window-none")}</Tone> : <Count of={days} />}</Fact>
            <Fact name="retention.window-kept"><Count of={messages} /> ({size(bytes, i18n.language)})</Fact>
            {may("mail.recover") && <Fact name="retention.window-back"><Link to={"/removed" as string} className="text-accent underline">{t("removed.title")}</Link></Fact>}
          </Facts>
        )}
      </Told>
    </Block>
  );
}
