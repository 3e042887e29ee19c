// One setting: what it means, what holds and from where, who changed it and why, and the way back.

import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Line, Told, useTold } from "../../account/section";
import { Button } from "../../ui/button";
import { ActForm, FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Moment, ScreenPage, useSaid } from "../kit/parts";
import { type Setting, Source } from "./settings-screen";

interface Version {
  name: string;
  version: number;
  at: string;
  by: string;
  old: unknown;
  new: unknown;
  how: string;
  reason: string;
  protects_less: boolean;
}

type Shown = Setting & { history: Version[] };

const text = (value: unknown): string => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

export default function SettingScreen() {
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  return <One key={name} name={name} />;
}

function One({ name }: { name: string }) {
  const { t } = useTranslation();
  const language = useSaid();
  const may = useMay();
  const [read] = useState(() => () => act<Shown>("setting-show", { name, language }));
  const known = useTold(read);
  return (
    <ScreenPage title={name} back={{ to: "/settings", name: t("setting.title") }}>
      <Told of={known}>
        {(setting) => (
          <>
            <Block title="setting.about-it">
              <p className="mb-3 whitespace-pre-line">{setting.doc.trim()}</p>
              <Facts>
                <Fact name="setting.value"><code dir="ltr" className="break-all">{setting.text ?? "–"}</code>{setting.unit && <span className="ms-1 text-quiet">{setting.unit}</span>}</Fact>
                <Fact name="setting.default"><code dir="ltr" className="break-all">{text(setting.default)}</code></Fact>
                <Fact name="setting.source"><Source of={setting} /></Fact>
                {setting.file && <Fact name="setting.in-file"><code dir="ltr">{setting.file.path}</code> {t("setting.line", { line: setting.file.line })}</Fact>}
                {setting.conflict && <Fact name="setting.conflict"><span className="text-danger">{setting.conflict}</span></Fact>}
                {setting.pending !== undefined && setting.pending !== null && <Fact name="setting.pending"><code dir="ltr">{text(setting.pending)}</code></Fact>}
                <Fact name="setting.applies">{setting.applies_words}</Fact>
              </Facts>
            </Block>
            {may("policy.change") && setting.applies !== "file" && !setting.file && (
              <Block title="setting.change">
                <Change key={setting.version} setting={setting} again={known.again} />
              </Block>
            )}
            <History setting={setting} again={known.again} />
          </>
        )}
      </Told>
    </ScreenPage>
  );
}

const LONG = ["texts", "numbers", "files", "table", "tables"];

/** What the server's words have in them where somebody else was faster, and where a change that protects less was not meant. */
const CHANGED_MEANWHILE = "--based-on";
const NOT_MEANT = "--protect-less";

/** A change on an old version is wrong as a whole; what is said otherwise is about the value. */
const fieldAbout = (words: string) => (words.includes(CHANGED_MEANWHILE) ? undefined : words.includes(NOT_MEANT) ? "protect_less" : "value");

function Change({ setting, again }: { setting: Setting; again: () => void }) {
  const { t } = useTranslation();
  const { secret, name, type, version = 0 } = setting;
  return (
    <ActForm
      action="setting-set"
      submit="kit.keep"
      done={again}
      initial={{ value: secret ? "" : (setting.text ?? "") }}
      fields={[
        type === "switch" ? { name: "value", label: "setting.value", kind: "choice", options: [["true", "setting.on"], ["false", "setting.off"]] } : { name: "value", label: "setting.value", hint: "setting.value-hint", kind: secret ? "secret" : LONG.includes(type) ? "long" : "text", isOptional: true },
        { name: "reason", label: "setting.reason", hint: "setting.reason-hint", isOptional: true },
        { name: "protect_less", label: "setting.protect-less", hint: "setting.protect-less-hint", kind: "switch" },
      ]}
      body={({ value, ...rest }) => ({ name, ...(secret ? { secret: value } : { value }), ...rest, based_on: version })}
      about={fieldAbout}
      help={(words) => words.includes(CHANGED_MEANWHILE) && <Button onPress={again}>{t("setting.newest")}</Button>}
    />
  );
}

function History({ setting, again }: { setting: Shown; again: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const undo = may("policy.change") && setting.history.length > 0 && !setting.file && (
    <FormButton label="setting.undo" action="setting-undo" submit="setting.undo" done={again} fixed={{ name: setting.name, based_on: setting.version ?? 0 }} fields={[{ name: "reason", label: "setting.reason", hint: "setting.reason-hint", isOptional: true }, { name: "protect_less", label: "setting.protect-less", kind: "switch" }]} />
  );
  return (
    <Block title="setting.history" beside={undo}>
      {setting.history.length === 0 ? <p className="text-quiet">{t("setting.history-none")}</p> : (
        <ul>
          {setting.history.map((it) => (
            <Line key={it.version} name={<code dir="ltr" className="break-all">{text(it.old ?? setting.default)} → {text(it.new ?? setting.default)}</code>} facts={<><span>{it.by}</span><Moment at={it.at} />{it.reason && <span>{it.reason}</span>}{it.protects_less && <span className="text-warning">{t("setting.protects-less")}</span>}</>} />
          ))}
        </ul>
      )}
    </Block>
  );
}
