// Many people at once, from a table: first what would change, then it is done.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActButton, ActForm } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, ScreenPage, Tone } from "../kit/parts";
import { saveFile } from "../kit/remote";

interface Tried {
  state: string;
  unchanged: number;
  changes: { line: number; address: string; does: "make" | "change"; what: string }[];
}

export default function TableScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const [tried, setTried] = useState<Tried>();
  const [file, setFile] = useState("");
  const [kept, setKept] = useState<number>();
  const exported = may("directory.export") && (
    <ActButton<{ csv: string }> action="directory-export" body={{ organisation: null }} label="table.export" done={(made) => saveFile("directory.csv", "text/csv", made.csv)} />
  );
  return (
    <ScreenPage title={t("table.title")} about={t("table.about")} acts={exported}>
      <Block title="table.file">
        <ActForm<Tried>
          action="directory-import"
          submit="table.try"
          fields={[{ name: "file", label: "table.file", hint: "table.file-hint", kind: "file", accept: ".csv,text/csv" }]}
          body={({ file: chosen }) => {
            setFile(String(chosen));
            return { file: chosen, dry_run: true, organisation: null };
          }}
          done={(result) => {
            setTried(result);
            setKept(undefined);
          }}
        />
      </Block>
      {tried?.changes && kept === undefined && (
        <Block
          title="table.changes"
          beside={tried.changes.length > 0 && <ActButton<Tried> action="directory-import" body={{ file, dry_run: false, organisation: null }} label="table.keep" look="first" done={(result) => setKept(result.changes?.length ?? 0)} />}
        >
          {tried.changes.length === 0 ? <p>{t("table.nothing")}</p> : (
            // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
            <div role="group" aria-label={t("kit.table", { title: t("table.changes") })} tabIndex={0} className="max-h-96 overflow-auto">
              <table className="w-full">
                <thead><tr className="text-start text-quiet"><th scope="col" className="text-start font-medium">{t("table.line")}</th><th scope="col" className="text-start font-medium">{t("table.does")}</th><th scope="col" className="text-start font-medium">{t("people.address")}</th><th scope="col" className="text-start font-medium">{t("table.what")}</th></tr></thead>
                <tbody>{tried.changes.map((it) => <tr key={it.line} className="border-t border-line"><td className="tabular-nums">{it.line}</td><td>{t(`table.does-${it.does}`)}</td><td>{it.address}</td><td>{it.what}</td></tr>)}</tbody>
              </table>
            </div>
          )}
          <p className="text-quiet">{t("table.unchanged", { count: tried.unchanged })}</p>
        </Block>
      )}
      {kept !== undefined && <p role="status"><Tone tone="ok">{t("table.kept", { count: kept })}</Tone></p>}
    </ScreenPage>
  );
}
