import { useTranslation } from "react-i18next";
import { ScreenPage } from "../kit/parts";
import { Frozen } from "./frozen";
import { SignInTabs } from "./sign-in-parts";

export default function FrozenScreen() {
  const { t } = useTranslation();
  return (
    <ScreenPage title={t("watch.frozen")} about={t("watch.frozen-about")}>
      <SignInTabs />
      <Frozen />
    </ScreenPage>
  );
}
