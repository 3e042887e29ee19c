// Everything that is kept of the account, as one archive.

import { useTranslation } from "react-i18next";
import { Button } from "../ui/button";
import { mayTakeOut } from "./api";
import { Section, useDeed } from "./section";

const PLACE = "/api/account/takeout";

export function TakeOut() {
  const { t } = useTranslation();
  const deed = useDeed();
  // The browser writes it to a file as it comes, which a script cannot have it do without holding all of it.
  const fetchIt = () => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = PLACE;
    document.body.append(form);
    form.submit();
    form.remove();
  };
  return (
    <Section title={t("takeout.title")} beside={<Button onPress={() => deed(mayTakeOut, fetchIt)}>{t("takeout.fetch")}</Button>}>
      <p className="text-quiet">{t("takeout.why")}</p>
    </Section>
  );
}
