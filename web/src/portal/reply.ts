// The partner's reply, encrypted to the key that the sender's browser made.

import { beginReply as seal, messageOctets, type SealedMessage } from "../sealed/format";
import { decode, type Octets } from "../sealed/octets";
import { sendParts } from "../sealed/transfer";
import { field, h, Status } from "./page";
import * as remote from "./remote";
import { bytes, say } from "./texts";

export interface Replying {
  message: SealedMessage;
  content: Octets;
  opened: remote.Opened;
  failed: (error: unknown, status: Status) => void;
}

/** Sends a reply. */
async function send({ message, content, opened }: Replying, text: string, files: File[], tell: (share: number) => void): Promise<void> {
  const { visit } = opened;
  const sealed = await seal(decode(opened.reply_key), content);
  const reply: SealedMessage = {
    v: 1,
    from: { name: "", email: message.to },
    to: message.from.email,
    date: new Date().toISOString(),
    subject: /^re:|^回复[:：]/i.test(message.subject) ? message.subject : `Re: ${message.subject}`,
    text,
    files: files.map(({ name, type, size }) => ({ name, type, size })),
  };
  const id = await remote.beginReply(visit);
  const put = (part: number, number: number, chunk: Octets) => remote.putChunk(visit, id, part, number, chunk);
  const chunks = await sendParts(sealed.content, [new Blob([messageOctets(reply)]), ...files], put, tell);
  await remote.endReply(visit, id, { public_key: sealed.publicKey, key: sealed.key, chunks });
}

export function replyForm(replying: Replying): HTMLElement {
  const { message, opened } = replying;
  const status = new Status();
  const text = h("textarea", { rows: "8", dir: "auto" });
  const picker = h("input", { type: "file", multiple: true });
  const list = h("ul", { class: "files" });
  const submit = h("button", { type: "submit", class: "first" }, say("reply-send"));
  let files: File[] = [];
  const show = () => {
    const rows = files.map((file) =>
      h("li", {}, h("span", { dir: "auto", class: "name" }, file.name), h("span", { class: "quiet" }, bytes(file.size)), h("button", {
        type: "button",
        "aria-label": say("reply-remove", { name: file.name }),
        onclick: () => {
          files = files.filter((it) => it !== file);
          show();
          picker.focus();
        },
      }, "×")),
    );
    list.replaceChildren(...rows);
  };
  picker.addEventListener("change", () => {
    files = [...files, ...(picker.files ?? [])];
    picker.value = "";
    show();
  });
  const go = async () => {
    if (text.value.trim() === "" && files.length === 0) return status.warn(say("reply-empty"));
    if (files.reduce((sum, { size }) => sum + size, 0) > opened.bytes_max) return status.warn(say("reply-too-large", { limit: bytes(opened.bytes_max) }));
    submit.disabled = true;
    status.tell(say("reply-sending"));
    try {
      await send(replying, text.value, files, (share) => status.tell(`${say("reply-sending")} ${say("progress", { percent: Math.round(share * 100) })}`));
      text.value = "";
      files = [];
      show();
      status.tell(say("reply-sent"));
    } catch (error) {
      replying.failed(error, status);
    } finally {
      submit.disabled = false;
    }
  };
  const onsubmit = (event: Event) => {
    event.preventDefault();
    void go();
  };
  return h(
    "section",
    {},
    h("h2", {}, say("reply")),
    h("form", { onsubmit }, field(say("reply-text"), text, say("reply-hint", { name: message.from.name || message.from.email })), field(say("reply-attach"), picker), list, submit, status.element),
  );
}
