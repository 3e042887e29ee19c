import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { ActButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";

interface SigningKey {
  domain: string;
  selector: string;
  algorithm: string;
  state: string;
  since: string;
  revoke_after: string | null;
  name: string;
  record: string;
}

export default function DomainScreen() {
  const { domain = "" } = useParams({ strict: false }) as { domain?: string };
  return <One key={domain} domain={domain} />;
}

function One({ domain }: { domain: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const acts = may("domain.change") && <ActButton action="domain-remove" body={{ domain }} label="domains.remove" look="danger" ask={t("domains.remove-ask", { domain })} done={() => void navigate({ to: "/domains" })} />;
  return (
    <ScreenPage title={domain} back={{ to: "/domains", name: t("domains.title") }} acts={acts}>
      {may("signing.read") && <Keys domain={domain} />}
    </ScreenPage>
  );
}

function Keys({ domain }: { domain: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const { say, fail } = useNotices();
  const [read] = useState(() => () => act<SigningKey[]>("dkim-list", { domain }));
  const known = useTold(read);
  const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => say(t("domains.copied")), fail);
  return (
    <Block title="domains.keys" beside={may("signing.change") && <ActButton action="dkim-rotate" body={{ domain }} label="domains.rotate" ask={t("domains.rotate-ask")} done={known.again} />}>
      <Told of={known}>
        {(keys) => keys.length === 0 ? <p className="text-quiet">{t("domains.key-none")}</p> : (
          <ul className="flex flex-col gap-3">
            {keys.map((key) => (
              <li key={key.selector} className="border-t border-line pt-3">
                <Facts>
                  <Fact name="domains.selector"><code dir="ltr">{key.selector}</code></Fact>
                  <Fact name="domains.algorithm">{key.algorithm}</Fact>
                  <Fact name="domains.key-state"><Tone tone={key.state === "signing" ? "ok" : key.state === "waiting" ? "warning" : "quiet"}>{t(`domains.key-${key.state}`)}</Tone></Fact>
                  <Fact name="domains.since"><Moment at={key.since} /></Fact>
                  <Fact name="domains.record-name"><code dir="ltr">{key.name}</code></Fact>
                  <Fact name="domains.record"><code dir="ltr" className="break-all">{key.record}</code></Fact>
                </Facts>
                <div className="mt-2 flex flex-wrap gap-2">
                  <Button onPress={() => copy(key.record)} aria-label={`${t("domains.copy")}: ${key.selector}`}>{t("domains.copy")}</Button>
                  {may("signing.change") && key.state !== "retired" && <ActButton action="dkim-retire" body={{ domain, selector: key.selector }} label="domains.retire" name={key.selector} look="danger" ask={t("domains.retire-ask", { selector: key.selector })} done={known.again} />}
                </div>
              </li>
            ))}
          </ul>
        )}
      </Told>
    </Block>
  );
}
