// The account and its security: what somebody signs in with, where that was done, and the ways to end it.

import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useStore } from "../store/context";
import { Icon } from "../ui/icon";
import { AppPasswords, Programs, Sessions } from "./access";
import { Factors } from "./factors";
import { Keys } from "./keys";
import { SignIns } from "./sign-ins";
import { Approvals } from "./approvals";
import { OwnRequests } from "./own-requests";
import { Section } from "./section";
import { SharedWithMe } from "./shared";
import { StepUpProvider } from "./step-up";
import { TakeOut } from "./takeout";

export default function AccountScreen() {
  const { t } = useTranslation();
  const address = useStore().client.session.username;
  useEffect(() => {
    document.title = `${t("nav.account")} · ${t("app.name")}`;
  }, [t]);
  return (
    <StepUpProvider>
      <main className="h-full overflow-y-auto">
        <div className="mx-auto max-w-3xl p-4">
          <Link to="/" className="mb-3 inline-flex items-center gap-1 text-accent"><Icon name="back" />{t("account.back")}</Link>
          <h1 className="text-[18px] font-semibold">{t("nav.account")}</h1>
          <p className="mb-4 text-quiet">{t("nav.you", { address })}</p>
          <Factors address={address} />
          <Sessions address={address} />
          <SignIns address={address} />
          <AppPasswords address={address} />
          <Programs address={address} />
          <Keys address={address} />
          <Approvals />
          <SharedWithMe />
          <TakeOut />
          <OwnRequests />
          <Section title={t("account.password")}>
            <a className="text-accent underline" href="/account/password">{t("account.password-change")}</a>
          </Section>
        </div>
      </main>
    </StepUpProvider>
  );
}
