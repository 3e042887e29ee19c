// The protection level: which holds, and what would change with another before it is chosen.

import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { ActButton } from "../kit/form";
import { useMay, useMe } from "../kit/me";
import { Block, ScreenPage, Tone } from "../kit/parts";
import { Compared, type Difference } from "./compared";

const LEVELS = ["basic", "enhanced", "trade"] as const;

export default function LevelScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const [level, setLevel] = useState(me.level);
  const [wanted, setWanted] = useState<string>(me.level);
  const isLower = LEVELS.indexOf(wanted as (typeof LEVELS)[number]) < LEVELS.indexOf(level);
  return (
    <ScreenPage title={t("level.title")} about={t("level.about")}>
      <Block title="level.choose">
        <fieldset className="flex flex-col gap-2">
          <legend className="sr-only">{t("level.choose")}</legend>
          {LEVELS.map((it) => (
            <label key={it} className="flex items-start gap-2">
              <input type="radio" name="level" className="mt-1 accent-accent" checked={wanted === it} onChange={() => setWanted(it)} />
              <span><span className="font-medium">{t(`console.level-${it}`)}</span>{it === level && <span className="ms-2"><Tone tone="ok">{t("level.holds")}</Tone></span>}<br /><span className="text-quiet">{t(`level.what-${it}`)}</span></span>
            </label>
          ))}
        </fieldset>
        {may("policy.change") && wanted !== level && (
          <div className="mt-3">
            <ActButton<{ level?: string }>
              action="organisation-level"
              body={{ level: wanted, organisation: null }}
              label={isLower ? "level.lower" : "level.raise"}
              look={isLower ? "danger" : "first"}
              ask={t(isLower ? "level.lower-ask" : "level.raise-ask", { level: t(`console.level-${wanted}`) })}
              done={(told) => told.level && setLevel(told.level as (typeof LEVELS)[number])}
            />
          </div>
        )}
      </Block>
      {wanted !== level && <Changes key={`${level} ${wanted}`} from={level} to={wanted} />}
    </ScreenPage>
  );
}

function Changes({ from, to }: { from: string; to: string }) {
  const { t } = useTranslation();
  const [read] = useState(() => () => act<{ differences: Difference[]; same: number }>("level-diff", { from, to, organisation: null }));
  const known = useTold(read);
  const [announced, setAnnounced] = useState("");
  const count = known.told?.differences.length;
  useEffect(() => {
    if (count !== undefined) setAnnounced(t("level.changes", { count }));
  }, [count, t]);
  return (
    <>
      <p role="status">{announced}</p>
      <Told of={known}>{({ differences }) => <Compared title="level.diff" differences={differences} />}</Told>
    </>
  );
}
