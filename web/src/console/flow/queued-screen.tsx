import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act, idOfPath } from "../../account/api";
import { Line, Told, useTold } from "../../account/section";
import { size } from "../../i18n/format";
import { ActButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, Tone } from "../kit/parts";

interface Recipient {
  address: string;
  state: string;
  due: string;
  attempts: number;
  last_host: string | null;
  last_code: number | null;
  last_status: string | null;
  last_answer: string | null;
}

interface QueuedOne {
  id: string;
  from: string | null;
  bytes: number;
  since: string;
  expires: string;
  held: boolean;
  recipients: Recipient[];
}

export default function QueuedScreen() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  return <One key={id} id={idOfPath(id)} />;
}

function One({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const [read] = useState(() => () => act<QueuedOne>("queue-show", { id }));
  const known = useTold(read);
  const away = () => void navigate({ to: "/queue" });
  const acts = may("queue.change") && known.told && (
    <>
      {known.told.held ? <ActButton action="queue-release" body={{ id }} label="queue.release" done={known.again} /> : <ActButton action="queue-retry" body={{ id }} label="queue.retry" done={known.again} said="queue.retried" />}
      {!known.told.held && <ActButton action="queue-hold" body={{ id }} label="queue.hold" done={known.again} />}
      <ActButton action="queue-expire" body={{ id }} label="queue.expire" look="danger" ask={t("queue.expire-ask")} done={away} />
      <ActButton action="queue-cancel" body={{ id }} label="queue.cancel" look="danger" ask={t("queue.cancel-ask")} done={away} />
    </>
  );
  return (
    <ScreenPage title={t("queue.one")} back={{ to: "/queue", name: t("queue.title") }} acts={acts}>
      <Told of={known}>
        {(message) => (
          <>
            <Block title="queue.message">
              <Facts>
                <Fact name="queue.from">{message.from || t("queue.system")}</Fact>
                <Fact name="queue.since"><Moment at={message.since} /></Fact>
                <Fact name="queue.expires"><Moment at={message.expires} /></Fact>
                <Fact name="queue.size">{size(message.bytes, i18n.language)}</Fact>
                <Fact name="queue.state">{message.held ? <Tone tone="warning">{t("queue.held")}</Tone> : t("queue.waiting")}</Fact>
              </Facts>
            </Block>
            <Block title="queue.recipients">
              <ul>
                {message.recipients.map((it) => (
                  <Line key={it.address} name={it.address} facts={<><Tone tone={it.state === "delivered" ? "ok" : it.state === "failed" ? "danger" : "quiet"}>{t(`queue.recipient-${it.state}`)}</Tone><span>{t("queue.attempts", { count: it.attempts })}</span>{it.state === "waiting" && <span>{t("queue.next")} <Moment at={it.due} /></span>}</>}>
                    {it.last_answer && <p dir="ltr" className="basis-full"><code>{[it.last_host, it.last_code, it.last_status, it.last_answer].filter((word) => word !== null && word !== "").join(" ")}</code></p>}
                  </Line>
                ))}
              </ul>
            </Block>
          </>
        )}
      </Told>
    </ScreenPage>
  );
}
