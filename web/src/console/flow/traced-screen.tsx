import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { size } from "../../i18n/format";
import { Block, Fact, Facts, Moment, ScreenPage, Tone, useSaid } from "../kit/parts";
import { type Traced, tones } from "./trace-screen";

interface Story extends Traced {
  standing: string;
  steps: { time: string; kind: string; text: string }[];
}

export default function TracedScreen() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  return <One key={id} id={String(id)} />;
}

function One({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const language = useSaid();
  const [read] = useState(() => () => act<Story>("trace-show", { id, language }));
  const known = useTold(read);
  return (
    <ScreenPage title={known.told?.subject || t("tracing.one")} back={{ to: "/trace", name: t("tracing.title") }}>
      <Told of={known}>
        {(story) => (
          <>
            <Block title="tracing.message">
              <Facts>
                <Fact name="tracing.outcome"><Tone tone={tones[story.outcome] ?? "quiet"}>{story.standing}</Tone></Fact>
                <Fact name="tracing.from">{story.from || t("queue.system")}</Fact>
                <Fact name="tracing.to">{story.more > 0 ? t("tracing.to-more", { to: story.to.join(", "), count: story.more }) : story.to.join(", ")}</Fact>
                <Fact name="tracing.time"><Moment at={story.time} /></Fact>
                <Fact name="tracing.size">{size(story.bytes, i18n.language)}</Fact>
                {story.client && <Fact name="tracing.client"><code dir="ltr">{story.client}</code></Fact>}
                {story.message_id && <Fact name="tracing.message-id"><code dir="ltr">{story.message_id}</code></Fact>}
              </Facts>
            </Block>
            <Block title="tracing.steps">
              <ol>
                {story.steps.map((step, index) => (
                  // Several steps may be of one moment and kind.
                  // oxlint-disable-next-line react/no-array-index-key
                  <li key={index} className="flex flex-wrap gap-x-4 border-t border-line py-1.5 first:border-t-0">
                    <span className="w-44 text-quiet"><Moment at={step.time} /></span>
                    <span dir="auto" className="min-w-0 flex-1 basis-72">{step.text}</span>
                  </li>
                ))}
              </ol>
            </Block>
          </>
        )}
      </Told>
    </ScreenPage>
  );
}
