// Where backups go: places are added and taken away; what the file names is changed there.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Line, Told, useTold } from "../../account/section";
import { FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, useSaid } from "../kit/parts";
import { NAME, type Place, placeOf } from "./places";
import type { Setting } from "./settings-screen";

/** What can be chosen, and what is typed of it. */
const KINDS: [string, string][] = [["directory", "places.kind-directory"], ["s3", "places.kind-s3"], ["rest", "places.kind-rest"]];

export function BackupPlaces({ changed }: { changed?: () => void }) {
  const { t } = useTranslation();
  const language = useSaid();
  const may = useMay();
  const [read] = useState(() => () => act<Setting>("setting-show", { name: NAME, language }));
  const known = useTold(read);
  const done = () => {
    known.again();
    changed?.();
  };
  const setting = known.told;
  const mayChange = may("policy.change") && setting !== undefined && !setting.file;
  const all = Array.isArray(setting?.value) ? (setting.value as string[]) : [];
  const keep = (value: string[]) => ({ name: NAME, value: JSON.stringify(value), based_on: setting?.version ?? 0 });
  const add = mayChange && (
    <FormButton
      label="places.add"
      look="first"
      action="setting-set"
      submit="places.add"
      done={done}
      about={() => "place"}
      fields={[
        { name: "kind", label: "places.kind", kind: "choice", options: KINDS },
        { name: "place", label: "places.place", hint: "places.place-hint", kind: "address" },
      ]}
      body={(typed) => ({ ...keep([...all, placeOf(typed as unknown as Place)]), reason: null, protect_less: false })}
    />
  );
  return (
    <Block title="places.title" beside={add}>
      <Told of={known}>
        {({ file }) => (
          <>
            {all.length === 0 ? <p className="text-quiet">{t("places.none")}</p> : (
              <ul>
                {all.map((place) => (
                  <Line key={place} name={<code dir="ltr" className="break-all">{place}</code>} facts={null}>
                    {mayChange && (
                      <FormButton
                        label="places.remove"
                        name={place}
                        look="danger"
                        action="setting-set"
                        submit="places.remove"
                        done={done}
                        fields={[{ name: "reason", label: "setting.reason", hint: "places.remove-why", kind: "text" }]}
                        body={({ reason }) => ({ ...keep(all.filter((it) => it !== place)), reason, protect_less: true })}
                      />
                    )}
                  </Line>
                ))}
              </ul>
            )}
            <p className="mt-2 text-quiet">{file ? <>{t("places.in-file")} <code dir="ltr">{file.path}</code> {t("setting.line", { line: file.line })}</> : t(may("policy.change") ? "places.about" : "places.not-yours")}</p>
          </>
        )}
      </Told>
    </Block>
  );
}
