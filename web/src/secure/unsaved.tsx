// What forms have in common that encrypt in the browser: nothing of them goes to the server before that, no draft is saved, no file is uploaded.

import type { TFunction } from "i18next";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { BadAddress, parseAddresses } from "../compose/addresses";
import type { Draft } from "../compose/draft";
import { AddressField } from "../contacts/address-field";
import { size } from "../i18n/format";
import type { Identity } from "../jmap/types";
import { IconButton } from "../ui/button";

const Editor = lazy(() => import("../compose/editor"));

export interface FormProps {
  draft: Draft;
  identity: Identity;
  files: File[];
  close: () => void;
}

export function FormWindow({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <section
      role="dialog"
      aria-label={title}
      className="fixed inset-0 z-30 flex flex-col overflow-y-auto border border-line bg-paper sm:inset-auto sm:end-4 sm:bottom-0 sm:h-[min(720px,94vh)] sm:w-[600px] sm:rounded-t-lg sm:shadow-lg"
    >
      <header className="flex items-center gap-2 border-b border-line ps-4 pe-1">
        <h2 dir="auto" className="min-w-0 flex-1 truncate font-semibold">{title}</h2>
        <IconButton icon="close" label={t("app.close")} onPress={close} />
      </header>
      {children}
    </section>
  );
}

/** What is being written. */
export interface Writing {
  to: string;
  subject: string;
  body: { html: string; text: string };
  files: File[];
}

export function useWriting({ draft, files }: FormProps): [Writing, (part: Partial<Writing>) => void] {
  const [writing, setWriting] = useState<Writing>(() => ({
    to: [draft.to, draft.cc, draft.bcc].filter((it) => it.trim() !== "").join(", "),
    subject: draft.subject,
    body: { html: draft.html, text: draft.text },
    files,
  }));
  return [writing, (part) => setWriting((before) => ({ ...before, ...part }))];
}

/** Why a message cannot go to these recipients, if so. */
export function addressTrouble(to: string, t: TFunction): string | undefined {
  try {
    return parseAddresses(to).length === 0 ? t("compose.no-recipient") : undefined;
  } catch (error) {
    if (error instanceof BadAddress) return t("compose.bad-address", { text: error.text });
    throw error;
  }
}

interface FieldsProps {
  explain: string;
  /** What the form begins with. */
  html: string;
  writing: Writing;
  change: (part: Partial<Writing>) => void;
}

export function Fields({ explain, html, writing, change }: FieldsProps) {
  const { t } = useTranslation();
  const [focusesTo] = useState(writing.to === "");
  return (
    <>
      <p className="border-b border-line px-4 py-2 text-quiet">{explain}</p>
      <Line label={t("compose.to")}><AddressField value={writing.to} focus={focusesTo} change={(to) => change({ to })} /></Line>
      <Line label={t("compose.subject")}>
        <input dir="auto" value={writing.subject} onChange={(event) => change({ subject: event.target.value })} className="min-w-0 flex-1 bg-transparent outline-none" />
      </Line>
      <div className="flex min-h-48 flex-1 flex-col">
        <Suspense fallback={<p className="p-3 text-quiet">{t("app.loading")}</p>}>
          <Editor html={html} label={t("compose.body")} focus={!focusesTo} changed={(changed, text) => change({ body: { html: changed, text } })} />
        </Suspense>
      </div>
      <Files files={writing.files} change={(files) => change({ files })} />
    </>
  );
}

function Line({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="flex min-h-9 items-center gap-3 border-b border-line px-4">
      <span className="shrink-0 text-quiet">{label}</span>
      {children}
    </label>
  );
}

function Files({ files, change }: { files: File[]; change: (files: File[]) => void }) {
  const { t, i18n } = useTranslation();
  return (
    <div className="flex flex-wrap items-center gap-2 border-t border-line px-4 py-2">
      <label className="flex min-h-8 cursor-pointer items-center rounded-md border border-line px-3 focus-within:outline-2 focus-within:outline-accent hover:bg-hover">
        {t("compose.attach")}
        <input
          type="file"
          multiple
          className="sr-only"
          onChange={(event) => {
            change([...files, ...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </label>
      {files.map((file) => (
        <span key={`${file.name} ${file.size} ${file.lastModified}`} className="flex max-w-full items-center gap-2 rounded-md border border-line ps-2">
          <span dir="auto" className="max-w-52 truncate">{file.name}</span>
          <span className="text-quiet">{size(file.size, i18n.language)}</span>
          <IconButton icon="close" label={t("compose.remove", { name: file.name })} onPress={() => change(files.filter((it) => it !== file))} />
        </span>
      ))}
    </div>
  );
}
