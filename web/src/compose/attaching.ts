// Files on their way to the server.

import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { size } from "../i18n/format";
import { useStore } from "../store/context";
import { Refused } from "../jmap/client";
import type { MailStore } from "../store/store";
import type { Attached } from "./draft";

export interface Attaching {
  /** The share of each file that has gone, by its key. */
  progress: ReadonlyMap<string, number>;
  add: (files: FileList) => void;
  stop: (key: string) => void;
}

let made = 0;

export function useAttaching(change: (make: (before: Attached[]) => Attached[]) => void, wrong: (words: string) => void, tooLarge: (file: File) => void): Attaching {
  const { t, i18n } = useTranslation();
  const store = useStore();
  const [progress, setProgress] = useState<ReadonlyMap<string, number>>(new Map());
  const stops = useRef(new Map<string, AbortController>());

  const add = (file: File) => {
    const { name, type } = file;
    const limit = store.client.core.maxSizeUpload;
    if (file.size > limit) {
      wrong(t("compose.too-large", { name, limit: size(limit, i18n.language) }));
      tooLarge(file);
      return;
    }
    made += 1;
    const key = `file-${made}`;
    const stop = new AbortController();
    stops.current.set(key, stop);
    change((before) => [...before, { key, name, type: type || "application/octet-stream", size: file.size }]);
    const tell = (share: number) => setProgress((before) => new Map(before).set(key, share));
    store.client.upload(store.accountId, file, tell, stop.signal).then(
      ({ blobId }) => change((before) => before.map((it) => (it.key === key ? { ...it, blobId } : it))),
      (error: Error) => {
        change((before) => before.filter((it) => it.key !== key));
        if (error.name !== "AbortError") wrong(t("compose.failed-file", { name, reason: error.message }));
      },
    );
  };
  return { progress, add: (files) => [...files].forEach(add), stop: (key) => stops.current.get(key)?.abort() };
}

/** A file that was sent already, as it was before. */
export async function fileOf(store: MailStore, { blobId, name, type }: Attached): Promise<File> {
  const content = blobId === undefined ? undefined : await store.client.download(store.accountId, blobId, type);
  if (!content) throw new Refused("blobNotFound", name);
  return new File([content], name, { type });
}
