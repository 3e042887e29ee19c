// The body of a message, as a document of its own: sandboxed, without scripts, under a policy that loads nothing from elsewhere.

import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Message } from "../jmap/types";
import { useStore } from "../store/context";
import type { MailStore } from "../store/store";
import { type Clean, cleanHtml, cleanText, tellLinks } from "./sanitise";

/** Messages are written for white paper. */
const PAPER = `
  html, body { block-size: auto !important; min-block-size: 0 !important; max-block-size: none !important; }
  body { margin: 0 !important; padding: 1px; background: #fff; color: #1d2529; overflow-x: auto; overflow-y: hidden; overflow-wrap: break-word;
    font: 14px/1.55 Inter, system-ui, "PingFang SC", "Microsoft YaHei UI", "Noto Sans CJK SC", sans-serif; }
  img { max-inline-size: 100%; block-size: auto; }
  a { color: #0b5c6b; }
  pre { white-space: pre-wrap; }
  blockquote { margin: 8px 0 8px 4px; padding-inline-start: 12px; border-inline-start: 2px solid #d9dee2; color: #566169; }
  .tradewind-leads { color: #a4262c; font-weight: 600; }
`;

/** The parts to show, one after the other: HTML where the message has it. */
function clean(message: Message): Clean {
  const body = document.createElement("div");
  const whole: Clean = { body, remote: 0, inline: [] };
  for (const part of message.htmlBody) {
    const value = part.partId === null ? undefined : message.bodyValues[part.partId]?.value;
    if (value === undefined) continue;
    const shown = part.type === "text/html" ? cleanHtml(value) : cleanText(value);
    body.append(shown.body);
    whole.remote += shown.remote;
    whole.inline.push(...shown.inline);
  }
  return whole;
}

/** Pictures that the message brings along, by Content-ID. Gives what frees them again. */
function fillPictures(store: MailStore, message: Message, { inline }: Clean): () => void {
  const urls: string[] = [];
  let ended = false;
  for (const { image, cid } of inline) {
    const part = message.attachments.find((it) => it.cid === cid && /^image\/(?:png|jpeg|gif|webp)$/.test(it.type));
    if (!part?.blobId) continue;
    store.client.download(store.accountId, part.blobId, part.type).then(
      (blob) => {
        if (ended || !blob) return;
        const url = URL.createObjectURL(blob);
        urls.push(url);
        image.src = url;
      },
      // A picture that does not come is not shown; the file is in the list of attached ones.
      () => {},
    );
  }
  return () => {
    ended = true;
    for (const url of urls) URL.revokeObjectURL(url);
  };
}

export function MessageBody({ message }: { message: Message }) {
  const { t } = useTranslation();
  const store = useStore();
  const frame = useRef<HTMLIFrameElement>(null);
  const [loaded, setLoaded] = useState(false);
  const [height, setHeight] = useState(40);
  const shown = useMemo(() => {
    const whole = clean(message);
    tellLinks(whole.body, (host) => t("read.link-leads", { host }));
    return whole;
  }, [message, t]);

  useEffect(() => {
    const document = frame.current?.contentDocument;
    if (!loaded || !document?.body) return undefined;
    const style = document.createElement("style");
    style.textContent = PAPER;
    document.head.replaceChildren(style);
    document.body.replaceChildren(document.adoptNode(shown.body));
    const measure = () => setHeight(Math.max(24, document.body.scrollHeight + 2));
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    observer.observe(shown.body);
    measure();
    const free = fillPictures(store, message, shown);
    return () => {
      observer.disconnect();
      free();
    };
  }, [loaded, shown, store, message]);

  const values = Object.values(message.bodyValues);
  const isEmpty = (shown.body.textContent ?? "").trim() === "" && !shown.body.querySelector("img");
  return (
    <>
      {shown.remote > 0 && <Note>{t("read.images-off", { count: shown.remote })}</Note>}
      {values.some((it) => it.isTruncated) && <Note>{t("read.truncated")}</Note>}
      {values.some((it) => it.isEncodingProblem) && <Note>{t("read.encoding")}</Note>}
      {isEmpty ? (
        <p className="py-2 text-quiet">{t("read.empty")}</p>
      ) : (
        <div className="rounded-md bg-white p-3">
          <iframe
            ref={frame}
            title={t("read.body")}
            src="/app/message"
            sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
            onLoad={() => setLoaded(true)}
            style={{ blockSize: height }}
            className="block w-full border-0"
          />
        </div>
      )}
    </>
  );
}

function Note({ children }: { children: string }) {
  return <p className="mb-2 rounded-md border border-line px-3 py-1.5 text-quiet">{children}</p>;
}
