// A directory (LDAP) is asked now: first what would change, then it is done.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton, ActForm } from "../kit/form";
import { Block, Count, Fact, Facts, Tone } from "../kit/parts";

interface Synced {
  source: string;
  made: number;
  changed: number;
  unchanged: number;
  vanished: number;
  faults: string[];
  kept: boolean;
}

export function Directory() {
  const { t } = useTranslation();
  const [told, setTold] = useState<Synced>();
  const [mayVanish, setMayVanish] = useState(false);
  return (
    <Block title="provision.directory">
      <p className="mb-3 max-w-3xl text-quiet">{t("provision.directory-about")}</p>
      <div className="max-w-xl">
        <ActForm<Synced>
          action="provision-sync"
          submit="provision.directory-try"
          look="first"
          fields={[
            { name: "source", label: "provision.source", hint: "provision.source-hint" },
            { name: "allow_vanishing", label: "provision.vanish", hint: "provision.vanish-hint", kind: "switch" },
          ]}
          body={({ source, allow_vanishing }) => {
            setMayVanish(allow_vanishing === true);
            return { source, allow_vanishing, dry_run: true };
          }}
          done={setTold}
        />
      </div>
      {told?.source !== undefined && <Result of={told} mayVanish={mayVanish} done={setTold} />}
    </Block>
  );
}

function Result({ of, mayVanish, done }: { of: Synced; mayVanish: boolean; done: (told: Synced) => void }) {
  const { t } = useTranslation();
  const hasChanges = of.made + of.changed + of.vanished > 0;
  return (
    <div role="status" className="mt-3 flex flex-col gap-3 border-t border-line pt-3">
      <p><Tone tone={of.kept ? "ok" : "quiet"}>{t(of.kept ? "provision.taken" : hasChanges ? "provision.would" : "provision.same", { source: of.source })}</Tone></p>
      <Facts>
        <Fact name="provision.made"><Count of={of.made} /></Fact>
        <Fact name="provision.changed"><Count of={of.changed} /></Fact>
        <Fact name="provision.vanished"><Count of={of.vanished} /></Fact>
        <Fact name="provision.unchanged"><Count of={of.unchanged} /></Fact>
      </Facts>
      {of.faults.length > 0 && (
        <div>
          <p><Tone tone="warning">{t("provision.faults")}</Tone></p>
          <ul className="list-disc ps-5">{of.faults.map((fault) => <li key={fault} dir="auto">{fault}</li>)}</ul>
        </div>
      )}
      {!of.kept && hasChanges && <div><ActButton<Synced> action="provision-sync" body={{ source: of.source, dry_run: false, allow_vanishing: mayVanish }} label="provision.take" look="first" done={done} /></div>}
    </div>
  );
}
