// The page on which a partner opens what was encrypted for him, without an account and without keys of his own.

import { derive, NotOpened, readMessage, unwrap } from "../sealed/format";
import { decode, encode } from "../sealed/octets";
import { stretch } from "../sealed/stretch";
import { fetchOctets } from "../sealed/transfer";
import { showMessage } from "./message";
import { field, h, Status } from "./page";
import "./portal.css";
import * as remote from "./remote";
import { replyForm } from "./reply";
import { day, has, LANGUAGES, say, speak, spoken } from "./texts";

const main = h("main", {});
/** Draws what is shown now, as when another language is chosen. */
let draw = () => {};

function words(error: unknown, isLink: boolean): string {
  if (error instanceof remote.Problem) {
    const word = error.word === "wrong-proof" && isLink ? "wrong-link" : error.word;
    const key = has(`error-${word}`) ? `error-${word}` : "error-unavailable";
    return say(key, { seconds: error.wait });
  }
  if (error instanceof NotOpened) return say(isLink ? "error-wrong-link" : "error-altered");
  return say("error-unavailable");
}

/** What ends it: nothing more can be done here. */
function showEnd(error: unknown): void {
  draw = () => {
    const again = h("button", { type: "button", onclick: () => void begin() }, say("again"));
    main.replaceChildren(h("h1", { tabindex: "-1" }, say("error-title")), h("p", { role: "alert" }, words(error, false)), again);
  };
  draw();
}

const FINAL = new Set(["unknown", "expired", "revoked", "used-up", "shut"]);

function failed(error: unknown, status: Status, isLink = false): void {
  if (error instanceof remote.Problem && FINAL.has(error.word)) showEnd(error);
  else status.warn(words(error, isLink));
}

/** What limits the delivery, so that nobody is surprised. */
function limits({ expires, openings_left: left }: { expires: string; openings_left: number }): HTMLElement {
  return h("p", { class: "hint" }, `${say("expires", { date: day(expires) })} · ${say("openings", { count: left })}`);
}

interface Entry {
  asked: remote.Asked;
  secret: string;
}

/** The proof and the key, derived once from what was typed last. */
class Deriving {
  private last: { given: string; derived: Promise<{ key: string; proof: string }> } | undefined;

  constructor(private readonly asked: remote.Asked) {}

  of(given: string): Promise<{ key: string; proof: string }> {
    if (this.last?.given !== given) {
      const derived = derive(given, this.asked.lock, stretch).then(({ key, proof }) => ({ key: encode(key), proof: encode(proof) }));
      this.last = { given, derived };
    }
    return this.last.derived;
  }
}

function showEntry({ asked, secret }: Entry): void {
  const isLink = asked.lock.kind === "link";
  const deriving = new Deriving(asked);
  draw = () => {
    const status = new Status();
    const password = h("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
    const code = h("input", { type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "12" });
    const submit = h("button", { type: "submit", class: "first" }, say("open"));
    const number = asked.telephone ?? "";
    const given = () => (isLink ? secret : password.value);
    const work = async (what: (derived: { key: string; proof: string }) => Promise<void>) => {
      if (given() === "") return status.warn(say(isLink ? "error-wrong-link" : "password-missing"));
      submit.disabled = true;
      status.tell(say(isLink ? "opening" : "working"));
      try {
        await what(await deriving.of(given()));
      } catch (error) {
        failed(error, status, isLink);
      } finally {
        submit.disabled = false;
      }
    };
    const sendCode = h("button", {
      type: "button",
      onclick: () => void work(async ({ proof }) => {
        await remote.sendCode(proof);
        status.tell(say("code-sent", { number }));
        sendCode.textContent = say("code-again");
        code.focus();
      }),
    }, say("code-send", { number }));
    const onsubmit = (event: Event) => {
      event.preventDefault();
      if (asked.telephone !== null && code.value.trim() === "") return status.warn(say("code-missing"));
      void work(async (derived) => enter(derived, asked.telephone === null ? undefined : code.value.trim()));
    };
    const form = h(
      "form",
      { onsubmit },
      isLink ? h("p", {}, say("link-hint")) : field(say("password"), password, say("password-hint")),
      asked.telephone !== null && sendCode,
      asked.telephone !== null && field(say("code"), code),
      submit,
      status.element,
    );
    main.replaceChildren(h("h1", { tabindex: "-1" }, say("title")), form, limits(asked), h("p", { class: "hint" }, say("safety")));
    if (!isLink) password.focus();
  };
  draw();
}

/** Opens the delivery and shows it. */
async function enter({ key, proof }: { key: string; proof: string }, code: string | undefined): Promise<void> {
  const opened = await remote.open(proof, code);
  const content = await unwrap(decode(key), opened.key);
  const get = (part: number, number: number) => remote.getChunk(opened.visit, part, number);
  const message = readMessage(await fetchOctets(content, 0, opened.chunks[0] ?? 0, get));
  const reply = () => replyForm({ message, content, opened, failed });
  draw = () => {
    const status = new Status();
    main.replaceChildren(showMessage({ message, content, chunks: opened.chunks, get, failed, status }), status.element, limits(opened), reply(), h("p", { class: "hint" }, say("safety")));
    document.title = message.subject || say("title");
    main.querySelector("h1")?.focus();
  };
  draw();
}

function languageChoice(): HTMLElement {
  const select = h("select", { "aria-label": say("language") }, ...LANGUAGES.map(({ tag, name }) => h("option", { value: tag, lang: tag }, name)));
  select.value = spoken();
  select.addEventListener("change", () => {
    void speak(select.value).then(() => {
      select.setAttribute("aria-label", say("language"));
      draw();
    });
  });
  return select;
}

async function begin(looking = remote.look()): Promise<void> {
  main.replaceChildren(h("p", {}, say("loading")));
  try {
    showEntry({ asked: await looking, secret: location.hash.slice(1) });
  } catch (error) {
    showEnd(error);
  }
}

/** What the browser's owner reads, until the delivery says otherwise. */
async function start(): Promise<void> {
  await speak(navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag)) ?? "en");
  const looking = remote.look();
  const language = await looking.then((asked) => asked.language, () => undefined);
  if (language !== undefined) await speak(language);
  document.title = say("title");
  document.getElementById("root")?.append(h("header", {}, h("span", { class: "mark" }, "Tradewind"), languageChoice()), main);
  await begin(looking);
}

// Another link of the same delivery is another secret.
window.addEventListener("hashchange", () => void begin());

await start();
