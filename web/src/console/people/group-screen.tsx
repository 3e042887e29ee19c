import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Line, Told, useTold } from "../../account/section";
import { ActButton, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage } from "../kit/parts";
import { SENDERS } from "./groups-screen";

interface Group {
  group: string;
  name: string;
  senders: string;
  since: string;
  owners: string[];
  members: string[];
  reaches_accounts: number;
  reaches_elsewhere: number;
}

export default function GroupScreen() {
  const { group = "" } = useParams({ strict: false }) as { group?: string };
  return <OneGroup key={group} label={group} />;
}

function OneGroup({ label }: { label: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const name = { group: label, organisation: null };
  const [read] = useState(() => () => act<Group>("group-show", { group: label, organisation: null }));
  const known = useTold(read);
  const mayChange = may("group.change");
  const people = (title: string, add: string, all: string[], owner: boolean) => (
    <Block title={title} beside={mayChange && <FormButton label={add} action="group-member-add" fixed={{ name, owner }} submit={add} done={known.again} fields={[{ name: "member", label: "groups.member" }]} />}>
      {all.length === 0 ? <p className="text-quiet">{t("groups.member-none")}</p> : (
        <ul>{all.map((member) => <Line key={member} name={member} facts={null}>{mayChange && <ActButton action="group-member-remove" body={{ name, member, owner }} label="people.take-away" name={member} done={known.again} />}</Line>)}</ul>
      )}
    </Block>
  );
  return (
    <ScreenPage title={label} back={{ to: "/groups", name: t("groups.title") }} acts={mayChange && <ActButton action="group-remove" body={name} label="groups.remove" look="danger" ask={t("groups.remove-ask", { group: label })} done={() => void navigate({ to: "/groups" })} />}>
      <Told of={known}>
        {(group) => (
          <>
            <Block title="people.about" beside={mayChange && <FormButton label="groups.senders-change" action="group-senders" fixed={{ name }} submit="kit.keep" initial={{ senders: group.senders }} done={known.again} fields={[{ name: "senders", label: "groups.senders", kind: "choice", options: SENDERS }]} />}>
              <Facts>
                <Fact name="groups.name">{group.name}</Fact>
                <Fact name="groups.senders">{t(`groups.senders-${group.senders}`)}</Fact>
                <Fact name="groups.reaches">{t("groups.reaches-count", { here: group.reaches_accounts, out: group.reaches_elsewhere })}</Fact>
                <Fact name="people.since"><Moment at={group.since} /></Fact>
              </Facts>
            </Block>
            {people("groups.members", "groups.member-add", group.members, false)}
            {people("groups.owners", "groups.owner-add", group.owners, true)}
          </>
        )}
      </Told>
    </ScreenPage>
  );
}
