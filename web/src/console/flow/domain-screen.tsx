import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told as Waits, useTold } from "../../account/section";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { ActButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";
import { saveFile } from "../kit/remote";

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
      <Records domain={domain} />
      {may("signing.read") && <Keys domain={domain} />}
    </ScreenPage>
  );
}

interface DnsRecord {
  name: string;
  type: string;
  value: string;
  about: string;
}

interface Seen {
  kind: string;
  object: string;
  state: "sound" | "wrong" | "unknown";
  found: string;
}

interface Told {
  zone: string;
  records: DnsRecord[];
  seen: Seen[];
  looked: string;
}

/** The records that DNS is to have, and what it shows now. */
function Records({ domain }: { domain: string }) {
  const { t } = useTranslation();
  const { say, fail } = useNotices();
  const [read] = useState(() => () => act<Told>("domain-records", { domain }));
  const known = useTold(read);
  const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => say(t("domains.copied")), fail);
  const { told } = known;
  return (
    <>
      <Block title="domains.seen" beside={<Button onPress={known.again}>{t("domains.look")}</Button>}>
        <Waits of={known}>
          {({ seen, looked }) => (
            <>
              <ul>
                {seen.map((it) => (
                  <li key={`${it.kind} ${it.object}`} className="flex flex-wrap gap-x-4 border-t border-line py-1.5 first:border-t-0">
                    <span className="w-28"><Tone tone={it.state === "sound" ? "ok" : it.state === "wrong" ? "danger" : "quiet"}>{t(`domains.seen-${it.state}`)}</Tone></span>
                    <span className="w-32">{it.kind}</span>
                    <code dir="ltr" className="min-w-0 flex-1 basis-48 break-all">{it.object}{it.found && <span className="text-quiet"> {it.found}</span>}</code>
                  </li>
                ))}
              </ul>
              <p className="text-quiet">{t("domains.looked")} <Moment at={looked} /></p>
            </>
          )}
        </Waits>
      </Block>
      <Block title="domains.records" beside={told && <><Button onPress={() => copy(told.zone)}>{t("domains.copy-zone")}</Button><Button onPress={() => saveFile(`${domain}.zone`, "text/dns", told.zone)}>{t("domains.save-zone")}</Button></>}>
        <p className="mb-2 text-quiet">{t("domains.records-about")}</p>
        <Waits of={known}>
          {({ records }) => (
            <ul>
              {records.map((it) => (
                <li key={`${it.name} ${it.type} ${it.value}`} className="flex flex-wrap items-start gap-x-4 gap-y-1 border-t border-line py-2 first:border-t-0">
                  <div className="min-w-0 flex-1 basis-80">
                    <code dir="ltr" className="break-all">{it.name} <strong>{it.type}</strong> {it.value}</code>
                    <p className="text-quiet" lang="en">{it.about}</p>
                  </div>
                  <Button aria-label={`${t("domains.copy-value")}: ${it.type} ${it.name}`} onPress={() => copy(it.value)}>{t("domains.copy-value")}</Button>
                </li>
              ))}
            </ul>
          )}
        </Waits>
      </Block>
    </>
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
      <Waits of={known}>
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
      </Waits>
    </Block>
  );
}
