// A report of evidence: made anew from everything, signed with the key of the audit log, to be saved and verified without the server.

import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button";
import { FormButton } from "../kit/form";
import { Block, useSaid } from "../kit/parts";
import { octetsOf, saveFile } from "../kit/remote";
import { FRAMEWORKS } from "./proofs";

export interface Report {
  name: string;
  files: { file: string; base64: string }[];
  note: { file: string; text: string };
  key: string | null;
}

export function MakeReport({ framework, done }: { framework: string; done: (report: Report) => void }) {
  const { t } = useTranslation();
  const said = useSaid();
  return (
    <FormButton<Report>
      key={`${framework} ${said}`}
      label="proofs.report"
      look="first"
      action="evidence-report"
      submit="proofs.report-make"
      initial={{ framework, language: said, format: "pdf" }}
      fields={[
        { name: "framework", label: "proofs.framework", kind: "choice", options: FRAMEWORKS.map((it) => [it, `proofs.of-${it}`]) },
        { name: "language", label: "proofs.language", kind: "choice", options: [["zh", "proofs.language-zh"], ["en", "proofs.language-en"]] },
        { name: "format", label: "proofs.format", kind: "choice", options: [["pdf", "proofs.format-pdf"], ["json", "proofs.format-json"]] },
      ]}
      done={done}
    >
      <p className="text-quiet">{t("proofs.report-what")}</p>
    </FormButton>
  );
}

const kindOf = (file: string) => (file.endsWith(".pdf") ? "application/pdf" : "application/json");

/** What was made, file by file, and how somebody else verifies it. */
export function Made({ report: { files, note, key }, close }: { report: Report; close: () => void }) {
  const { t } = useTranslation();
  const first = files[0]?.file ?? "";
  return (
    <Block title="proofs.report-made" beside={<Button onPress={close}>{t("app.close")}</Button>}>
      <div className="flex flex-wrap gap-2">
        {files.map(({ file, base64 }) => <Button key={file} look="first" onPress={() => saveFile(file, kindOf(file), octetsOf(base64))}>{t("proofs.save", { file })}</Button>)}
        <Button onPress={() => saveFile(note.file, "text/plain", note.text)}>{t("proofs.save", { file: note.file })}</Button>
      </div>
      <p className="mt-3">{t("proofs.report-verify")}</p>
      <pre dir="ltr" className="mt-1 overflow-x-auto rounded-md border border-line bg-ground p-2 whitespace-pre-wrap break-all"><code>{`tradewind evidence verify ${first} --note ${note.file} --key ${key ?? "KEY"}`}</code></pre>
    </Block>
  );
}
