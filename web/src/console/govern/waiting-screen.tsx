// One message of a colleague that waits to be sent, read by whoever must allow it.

import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { type WaitingRead, WaitingShown } from "../../account/waiting-shown";
import { Block, Fact, Facts, Moment, ScreenPage, useSaid } from "../kit/parts";
import { DecideMessage } from "./decide-message";
import { Person, useAsked, useOfPage } from "./shared";

export default function WaitingScreen() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const known = useAsked<WaitingRead>("outbound-waiting-show", { message: useOfPage("message"), language: useSaid() });
  return (
    <ScreenPage title={t("approval.message")} about={t("approval.message-about")} back={{ to: "/approvals", name: t("approval.title") }}>
      <Told of={known}>
        {(it) => (
          <>
            <Block title="approval.decision" beside={it.may_decide && <DecideMessage id={it.id} done={() => void navigate({ to: "/approvals" as string })} />}>
              <Facts>
                <Fact name="approval.sender"><Person address={it.sender} /></Fact>
                <Fact name="approval.reason">{it.reason ?? "–"}</Fact>
                <Fact name="approval.waits-for">{it.needs.filter((need) => !need.given).map((need) => need.by).join("; ") || "–"}</Fact>
                <Fact name="approval.expires"><Moment at={it.expires} /></Fact>
              </Facts>
            </Block>
            <Block title="approval.message-read"><WaitingShown of={it} /></Block>
          </>
        )}
      </Told>
    </ScreenPage>
  );
}
