// The body of a message as nodes that may be shown. The server has sanitised it by its own lists (crates/markup), and it goes into a
// document whose own policy runs no script and loads nothing (crates/webapp): this wall stands between the two, and each holds alone.

import createPurifier from "dompurify";

export interface Clean {
  /** What to show; belongs to no document yet. */
  body: HTMLElement;
  /** Pictures and the like that would have been loaded from elsewhere. */
  remote: number;
  /** Pictures of the message itself that are yet to be filled in: their Content-ID (RFC 2392). */
  inline: { image: HTMLImageElement; cid: string }[];
  /** Pictures from elsewhere that the server can fetch, each by the token that stands for its address. */
  elsewhere: { image: HTMLImageElement; token: string }[];
}

const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);/i;
const LOADS = ["src", "srcset", "background", "poster", "lowsrc", "dynsrc"];
const CID = "data-cid";
const TOKEN = "data-remote";

/** Takes from a style what would load something. */
function calm(style: string): { style: string; taken: number } {
  let taken = 0;
  const without = style
    // Escapes can hide a word.
    .replace(/\\([0-9a-f]{1,6})\s?/gi, (whole, code: string) => {
      const letter = String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10_ff_ff));
      return /[a-z]/i.test(letter) ? letter : whole;
    })
    .replace(/\\([g-z])/gi, "$1")
    .replace(/@import[^;]*;?/gi, () => {
      taken += 1;
      return "";
    })
    .replace(/(?:url|src|image(?:-set)?)\s*\(\s*(["']?)([^)]*)\1\s*\)/gi, (whole, _, target: string) => {
      if (PICTURE.test(target.trim())) return whole;
      taken += 1;
      return "none";
    });
  return { style: without, taken };
}

export function cleanHtml(html: string): Clean {
  let remote = 0;
  const purifier = createPurifier(window);
  purifier.addHook("uponSanitizeAttribute", (node, data) => {
    if (data.attrName === "style") {
      const { style, taken } = calm(data.attrValue);
      data.attrValue = style;
      remote += taken;
    }
    if (!LOADS.includes(data.attrName)) return;
    const value = data.attrValue.trim();
    if (data.attrName === "src" && node.nodeName === "IMG") {
      if (PICTURE.test(value)) return;
      if (/^cid:/i.test(value)) node.setAttribute(CID, value.slice(4));
    }
    if (/^(?:https?:)?\/\//i.test(value) || data.attrName === "srcset") remote += 1;
    data.keepAttr = false;
  });
  purifier.addHook("uponSanitizeElement", (node, data) => {
    if (data.tagName !== "style") return;
    const { style, taken } = calm(node.textContent ?? "");
    remote += taken;
    node.textContent = style;
  });
  const page = purifier.sanitize(html, {
    USE_PROFILES: { html: true },
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    FORBID_TAGS: [
      "form", "input", "button", "textarea", "select", "option", "optgroup", "datalist", "dialog", "label", "fieldset", "output", "progress",
      "meter", "audio", "video", "source", "track", "picture", "canvas", "map", "area", "slot", "template", "menu", "nav",
    ],
    FORBID_ATTR: ["ping", "usemap", "autofocus", "tabindex", "contenteditable", "accesskey", "popover", "class-name", "action", "formaction"],
    ALLOW_DATA_ATTR: false,
    ADD_ATTR: [CID, TOKEN],
    ADD_TAGS: ["style"],
    ADD_URI_SAFE_ATTR: [CID, TOKEN],
    // Every value is held against it, so it lets through what is no address, too.
    ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid|data):|[^a-z]|[a-z+.-]+(?:[^a-z+.:-]|$))/i,
  }) as HTMLElement;
  const body = page.ownerDocument.createElement("div");
  const source = page.querySelector("body") ?? page;
  body.setAttribute("style", source.getAttribute("style") ?? "");
  const ground = source.getAttribute("bgcolor");
  if (ground && CSS_COLOUR.test(ground)) body.style.backgroundColor = ground;
  body.append(...page.querySelectorAll("head style"), ...source.childNodes);
  const inline = [...body.querySelectorAll<HTMLImageElement>(`img[${CID}]`)].map((image) => {
    const cid = decode(image.getAttribute(CID) ?? "");
    image.removeAttribute(CID);
    return { image, cid };
  });
  const elsewhere = [...body.querySelectorAll<HTMLImageElement>(`img[${TOKEN}]`)].map((image) => {
    const token = image.getAttribute(TOKEN) ?? "";
    image.removeAttribute(TOKEN);
    return { image, token };
  });
  return { body, remote, inline, elsewhere };
}

const CSS_COLOUR = /^(?:#[0-9a-f]{3,8}|[a-z]+)$/i;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Plain text with its addresses as links. */
export function cleanText(text: string): Clean {
  const body = document.createElement("div");
  body.style.whiteSpace = "pre-wrap";
  let last = 0;
  for (const found of text.matchAll(/\bhttps?:\/\/[^\s<>"\u2018-\u201D\u3001\u3002\u3008-\u3011\uFF01\uFF08\uFF09\uFF0C\uFF1A\uFF1B\uFF1F]+/gi)) {
    const address = found[0].replace(/[.,;:!?]+$/, "");
    const start = found.index;
    body.append(text.slice(last, start));
    const link = document.createElement("a");
    link.href = address;
    link.textContent = address;
    body.append(link);
    last = start + address.length;
  }
  body.append(text.slice(last));
  return { body, remote: 0, inline: [], elsewhere: [] };
}
