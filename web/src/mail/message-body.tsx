// The body of a message, as a document of its own: sandboxed, without scripts, under a policy that loads nothing from elsewhere.

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Message } from "../jmap/types";
import { usePreferences } from "../settings/preferences";
import { useStore } from "../store/context";
import type { MailStore } from "../store/store";
import { Button } from "../ui/button";
import { type Target, targetOf, tellLinks } from "./links";
import { tellMarks } from "./marks";
import { type Clean, cleanHtml, cleanText } from "./sanitise";

/** Messages are written for white paper. */
const PAPER = `
  html, body { block-size: auto !important; min-block-size: 0 !important; max-block-size: none !important; }
  body { margin: 0 !important; padding: 1px; background: #fff; color: #1d2529; overflow-x: auto; overflow-y: hidden; overflow-wrap: break-word;
    font: 14px/1.55 Inter, system-ui, "PingFang SC", "Microsoft YaHei UI", "Noto Sans CJK SC", sans-serif; }
  img { max-inline-size: 100%; block-size: auto; }
  a { color: #0b5c6b; }
  pre { white-space: pre-wrap; }
  blockquote { margin: 8px 0 8px 4px; padding-inline-start: 12px; border-inline-start: 2px solid #d9dee2; color: #566169; }
`;

/** An empty document under a policy of its own. */
const FRAME = "/app/message";
const HEIGHT_MIN = 24;

/** Pictures that are asked for at the same time. */
const PICTURES_AT_ONCE = 4;

/** The parts to show, one after the other: HTML where the message has it. */
function clean(message: Message | undefined): Clean {
  const body = document.createElement("div");
  const whole: Clean = { body, remote: 0, inline: [], elsewhere: [] };
  for (const part of message?.htmlBody ?? []) {
    const text = part.partId === null ? undefined : message?.bodyValues[part.partId];
    if (text === undefined) continue;
    const shown = part.type === "text/html" ? cleanHtml(text.value) : cleanText(text.value);
    body.append(shown.body);
    whole.remote += shown.remote + (text.remote ?? 0);
    whole.inline.push(...shown.inline);
    whole.elsewhere.push(...shown.elsewhere);
  }
  return whole;
}

/** Puts pictures in their places as they come, a few at a time. Gives what frees them again. */
function fill(pictures: { image: HTMLImageElement; read: () => Promise<Blob | undefined> }[]): () => void {
  const urls: string[] = [];
  const ahead = [...pictures];
  const end = new AbortController();
  const work = async () => {
    for (let next = ahead.shift(); next; next = ahead.shift()) {
      // A picture that does not come is not shown.
      const blob = await next.read().catch(() => undefined);
      if (end.signal.aborted) return;
      if (!blob) continue;
      const url = URL.createObjectURL(blob);
      urls.push(url);
      next.image.src = url;
    }
  };
  for (let at = 0; at < PICTURES_AT_ONCE; at += 1) void work();
  return () => {
    end.abort();
    for (const url of urls) URL.revokeObjectURL(url);
  };
}

/** Pictures that the message brings along, by Content-ID. */
function fillInline(store: MailStore, message: Message, { inline }: Clean): () => void {
  return fill(
    inline.flatMap(({ image, cid }) => {
      const part = message.attachments.find((it) => it.cid === cid && /^image\/(?:png|jpeg|gif|webp)$/.test(it.type));
      const { blobId, type } = part ?? {};
      return blobId && type ? [{ image, read: () => store.client.download(store.accountId, blobId, type) }] : [];
    }),
  );
}

interface Props {
  /** Nothing while it is being read: the frame is made ready meanwhile. */
  message: Message | undefined;
  /** Its sender is one whom we know, and is proven to be it. */
  isProven: boolean;
}

const NOTHING: Message["bodyValues"] = {};

/** The text of a message. The frame stays for the next message, as making one takes longer than all else; nothing in it does. */
export function MessageBody({ message, isProven }: Props) {
  const { t } = useTranslation();
  const store = useStore();
  const { pictures } = usePreferences();
  const [wantedOf, setWantedOf] = useState<Id>();
  const id = message?.id;
  const isWanted = id !== undefined && (wantedOf === id || (pictures === "partners" && isProven));
  const verdict = id === undefined ? undefined : store.verdict(id);
  const findings = verdict && verdict.action !== "deliver" ? verdict.findings : undefined;
  // What a message says never changes; its keywords and mailboxes do, and must not have it drawn anew.
  const bodyValues = message?.bodyValues ?? NOTHING;
  const latest = useRef(message);
  latest.current = message;
  const shown = useMemo(() => {
    const whole = clean(latest.current && { ...latest.current, bodyValues });
    tellLinks(whole.body, (host) => t("read.link-leads", { host }));
    if (findings) tellMarks(whole.body, findings);
    return whole;
  }, [bodyValues, findings, t]);
  const { frame, load, height, pointed, forget } = useFrame(shown);

  useEffect(() => (latest.current ? fillInline(store, latest.current, shown) : undefined), [shown, store]);
  useEffect(() => {
    if (!isWanted) return undefined;
    return fill(shown.elsewhere.map(({ image, token }) => ({ image, read: () => store.client.picture(store.accountId, token) })));
  }, [isWanted, shown, store]);

  const values = Object.values(bodyValues);
  const isEmpty = (shown.body.textContent ?? "").trim() === "" && !shown.body.querySelector("img");
  const off = shown.remote - (isWanted ? shown.elsewhere.length : 0);
  return (
    <>
      {off > 0 && (
        <Note>
          {t("read.images-off", { count: off })}
          {!isWanted && shown.elsewhere.length > 0 && <Button onPress={() => setWantedOf(id)}>{t("read.images-show")}</Button>}
        </Note>
      )}
      {values.some((it) => it.isTruncated) && <Note>{t("read.truncated")}</Note>}
      {values.some((it) => it.isEncodingProblem) && <Note>{t("read.encoding")}</Note>}
      {isEmpty && <p className="py-2 text-quiet">{t("read.empty")}</p>}
      <div className={isEmpty ? "hidden" : "relative rounded-md bg-white p-3"}>
        <iframe
          ref={frame}
          title={t("read.body")}
          src={FRAME}
          sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
          onLoad={load}
          style={{ blockSize: height }}
          className="block w-full border-0"
        />
        {pointed && <Leads target={pointed} close={forget} />}
      </div>
    </>
  );
}

/** A frame that holds what is shown, and nothing of what was shown before. */
function useFrame(shown: Clean) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [loads, setLoads] = useState(0);
  const [height, setHeight] = useState(HEIGHT_MIN);
  const [pointed, setPointed] = useState<Target>();
  const load = useCallback(() => setLoads((count) => count + 1), []);
  const forget = useCallback(() => setPointed(undefined), []);
  // Together with what stands round it: one message's text is never seen below another's sender.
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element || loads === 0) return undefined;
    const document = element.contentDocument;
    if (document?.location.pathname !== FRAME) {
      // It has been led elsewhere; what loads now tells when it is there.
      element.src = FRAME;
      return undefined;
    }
    const style = document.createElement("style");
    style.textContent = PAPER;
    document.head.replaceChildren(style);
    document.body.replaceChildren(document.adoptNode(shown.body));
    document.body.scrollTo(0, 0);
    const measure = () => setHeight(Math.max(HEIGHT_MIN, document.body.scrollHeight + 2));
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    observer.observe(shown.body);
    measure();
    const leave = watchLinks(document, setPointed);
    return () => {
      observer.disconnect();
      leave();
      setPointed(undefined);
      document.body.replaceChildren();
    };
  }, [loads, shown]);
  return { frame, load, height, pointed, forget };
}

/** Tells of the link that is pointed at or focused. A finger's first tap shows where it leads; the way there is then one tap more. */
function watchLinks(document: Document, tell: (target: Target | undefined) => void): () => void {
  const linkOf = (event: Event) => (event.target as Element | null)?.closest?.("a[href]") as HTMLAnchorElement | null | undefined;
  const show = (event: Event) => {
    const link = linkOf(event);
    tell(link ? targetOf(link.getAttribute("href") ?? "") : undefined);
  };
  const tap = (event: MouseEvent) => {
    const link = linkOf(event);
    if (!link || (event as PointerEvent).pointerType !== "touch") return;
    event.preventDefault();
    tell(targetOf(link.getAttribute("href") ?? ""));
  };
  document.addEventListener("mouseover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("click", tap);
  return () => {
    document.removeEventListener("mouseover", show);
    document.removeEventListener("focusin", show);
    document.removeEventListener("click", tap);
  };
}

/** Where a link leads: at the foot of the text, as far down as is seen. */
function Leads({ target, close }: { target: Target; close: () => void }) {
  const { t } = useTranslation();
  return (
    <p role="status" className="sticky bottom-0 z-10 flex flex-wrap items-center gap-x-2 rounded-md border border-line bg-paper px-3 py-1.5 text-text">
      {target.host && <bdi className="font-semibold">{target.host}</bdi>}
      <bdi dir="ltr" className="min-w-0 flex-1 truncate text-quiet">{target.url}</bdi>
      {target.through && <span className="text-quiet">{t("read.link-through", { host: target.through })}</span>}
      <a className="hidden text-accent underline pointer-coarse:inline" href={target.url} target="_blank" rel="noopener noreferrer nofollow" onClick={close}>
        {t("read.link-open")}
      </a>
    </p>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return <div className="mb-2 flex flex-wrap items-center gap-2 rounded-md border border-line px-3 py-1.5 text-quiet">{children}</div>;
}
