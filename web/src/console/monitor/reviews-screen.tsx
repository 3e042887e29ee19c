// Reports that somebody signs: the sign-ins of a month, and who has access, of a quarter.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNotices } from "../../ui/notices";
import { ActForm } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, ScreenPage, useSaid } from "../kit/parts";
import { octetsOf, saveFile } from "../kit/remote";
import { SignInTabs } from "./sign-in-parts";
import { periods } from "./watch";

interface Made {
  file?: string;
  base64?: string;
}

const TYPES = { html: "text/html", pdf: "application/pdf", csv: "text/csv" } as const;

/** Periods that are offered. */
const MONTHS = 13;
const QUARTERS = 9;

export default function ReviewsScreen() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <ScreenPage title={t("watch.reviews")} about={t("watch.reviews-about")}>
      <SignInTabs />
      <div className="grid gap-4 md:grid-cols-2">
        {may("sign-in.read") && <Review title="watch.review-sign-ins" action="sign-in-review" kind="sign-ins" />}
        {may("access.review") && <Review title="watch.review-access" action="access-report" kind="access" />}
      </div>
    </ScreenPage>
  );
}

function Review({ title, action, kind }: { title: string; action: string; kind: "sign-ins" | "access" }) {
  const { t } = useTranslation();
  const { say } = useNotices();
  const said = useSaid();
  const [all] = useState(() => periods(kind, new Date(), kind === "sign-ins" ? MONTHS : QUARTERS));
  const keep = ({ file, base64 }: Made) => {
    if (file === undefined || base64 === undefined) return;
    saveFile(file, TYPES[(file.split(".").at(-1) ?? "html") as keyof typeof TYPES] ?? "application/octet-stream", octetsOf(base64));
    say(t("watch.review-saved", { file }));
  };
  return (
    <Block title={title}>
      <ActForm<Made>
        action={action}
        fixed={{ organisation: null }}
        fields={[
          { name: "period", label: "watch.period", kind: "choice", options: all.map((it): [string, string] => [it, it]) },
          { name: "format", label: "watch.format", kind: "choice", options: [["pdf", "watch.format-pdf"], ["html", "watch.format-html"], ["csv", "watch.format-csv"]] },
          { name: "language", label: "watch.language", kind: "choice", options: [["zh", "watch.language-zh"], ["en", "watch.language-en"]] },
        ]}
        initial={{ language: said, period: all[1] ?? "" }}
        submit="watch.make"
        done={keep}
      />
    </Block>
  );
}
