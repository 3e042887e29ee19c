// The opened message: who wrote, the text in a document of its own that runs and loads nothing, files to download.

import { cleanHtml, cleanText } from "../mail/sanitise";
import type { SealedMessage } from "../sealed/format";
import { fetchPart, type Get, save } from "../sealed/transfer";
import type { Octets } from "../sealed/octets";
import { h, type Status } from "./page";
import { bytes, day, say } from "./texts";

const PAPER = `
  body { margin: 0 !important; padding: 1px; background: #fff; color: #1d2529; overflow-wrap: anywhere;
    font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei UI", "Noto Sans CJK SC", sans-serif; }
  img { max-inline-size: 100%; block-size: auto; }
  a { color: #0b5c6b; }
`;

function body({ html, text }: SealedMessage): { frame: HTMLIFrameElement; remote: number } {
  const clean = html === undefined ? cleanText(text) : cleanHtml(html);
  for (const link of clean.body.querySelectorAll("a[href]")) {
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer nofollow");
  }
  const frame = h("iframe", { title: say("body"), src: "/app/message", sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox", class: "body" });
  frame.addEventListener("load", () => {
    const inner = frame.contentDocument;
    if (!inner?.body) return;
    const style = inner.createElement("style");
    style.textContent = PAPER;
    inner.head.replaceChildren(style);
    inner.body.replaceChildren(inner.adoptNode(clean.body));
    const measure = () => frame.setAttribute("height", String(Math.max(40, inner.body.scrollHeight + 4)));
    new ResizeObserver(measure).observe(inner.body);
    measure();
  });
  return { frame, remote: clean.remote };
}

export interface Shown {
  message: SealedMessage;
  content: Octets;
  chunks: number[];
  get: Get;
  failed: (error: unknown, status: Status) => void;
  status: Status;
}

export function showMessage({ message, content, chunks, get, failed, status }: Shown): HTMLElement {
  const { from } = message;
  const { frame, remote } = body(message);
  const line = (label: string, ...value: (Node | string)[]) => h("div", { class: "line" }, h("dt", {}, label), h("dd", { dir: "auto" }, ...value));
  return h(
    "article",
    {},
    h("h1", { dir: "auto", tabindex: "-1" }, message.subject || say("title")),
    h("dl", {}, line(say("from"), h("bdi", {}, from.name || from.email), from.name ? h("bdi", { class: "quiet" }, ` <${from.email}>`) : ""), message.date !== "" && line(say("date"), day(message.date))),
    remote > 0 && h("p", { class: "hint" }, say("pictures-off", { count: remote })),
    frame,
    message.files.length > 0 && files(message, async (index, tell) => {
      try {
        const blob = await fetchPart(content, index + 1, chunks[index + 1] ?? 0, get, tell);
        save(message.files[index]?.name ?? "", blob);
      } catch (error) {
        failed(error, status);
      }
    }),
  );
}

function files(message: SealedMessage, fetchFile: (index: number, tell: (share: number) => void) => Promise<void>): HTMLElement {
  const rows = message.files.map((file, index) => {
    const name = file.name || say("unnamed");
    const progress = h("span", { class: "quiet" }, bytes(file.size));
    const button = h("button", {
      type: "button",
      "aria-label": say("download", { name }),
      onclick: () => {
        button.disabled = true;
        void fetchFile(index, (share) => (progress.textContent = say("progress", { percent: Math.round(share * 100) }))).finally(() => {
          button.disabled = false;
          progress.textContent = bytes(file.size);
        });
      },
    }, say("download-short"));
    return h("li", {}, h("span", { dir: "auto", class: "name" }, name), progress, button);
  });
  return h("section", {}, h("h2", {}, say("files")), h("ul", { class: "files" }, ...rows));
}
