// The text of an opened message: sanitised here, as no server has seen it, and shown in a document of its own that runs and loads nothing.

import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { tellLinks } from "../mail/links";
import { cleanHtml, cleanText } from "../mail/sanitise";
import type { SealedMessage } from "../sealed/format";

const PAPER = `
  body { margin: 0 !important; padding: 1px; background: #fff; color: #1d2529; overflow-wrap: anywhere;
    font: 14px/1.55 system-ui, "PingFang SC", "Microsoft YaHei UI", "Noto Sans CJK SC", sans-serif; }
  img { max-inline-size: 100%; block-size: auto; }
  a { color: #0b5c6b; }
`;

export function SealedBody({ message: { html, text } }: { message: SealedMessage }) {
  const { t } = useTranslation();
  const frame = useRef<HTMLIFrameElement>(null);
  const [loaded, setLoaded] = useState(false);
  const [height, setHeight] = useState(40);
  const body = useMemo(() => {
    const clean = html === undefined ? cleanText(text) : cleanHtml(html);
    tellLinks(clean.body, (host) => t("read.link-leads", { host }));
    return clean.body;
  }, [html, text, t]);
  useEffect(() => {
    const document = frame.current?.contentDocument;
    if (!loaded || !document?.body) return undefined;
    const style = document.createElement("style");
    style.textContent = PAPER;
    document.head.replaceChildren(style);
    document.body.replaceChildren(document.adoptNode(body));
    const measure = () => setHeight(Math.max(24, document.body.scrollHeight + 2));
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    measure();
    return () => observer.disconnect();
  }, [loaded, body]);
  return (
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
  );
}
