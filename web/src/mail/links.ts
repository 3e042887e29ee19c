// Links of a message: where they truly lead, and that it is told.

/** Pages that only lead on to the address that stands in their own, and the parameter it stands in. */
const REDIRECTORS: [host: RegExp, parameters: string[]][] = [
  [/(?:^|\.)safelinks\.protection\.outlook\.com$/, ["url"]],
  [/(?:^|\.)google\.[a-z.]{2,6}$/, ["q", "url", "adurl"]],
  [/(?:^|\.)urldefense\.(?:com|proofpoint\.com|us)$/, ["u"]],
  [/(?:^|\.)(?:facebook|instagram)\.com$/, ["u"]],
  [/(?:^|\.)linkedin\.com$/, ["url", "session_redirect"]],
  [/(?:^|\.)youtube\.com$/, ["q"]],
  [/(?:^|\.)(?:baidu|bing|duckduckgo|yahoo)\.com$/, ["url", "u", "uddg", "wd"]],
  [/(?:^|\.)linkprotect\.cudasvc\.com$/, ["a"]],
  [/(?:^|\.)(?:qq|weixin110\.qq)\.com$/, ["url", "pfurl", "target"]],
];
const STEPS_MAX = 4;
const LINK = /^(?:https?|mailto|tel):/i;

export interface Target {
  /** Where it leads in the end, as far as the address itself says. */
  url: string;
  /** The host there, foreign letters in their plain form (`xn--`); nothing for mail and telephones. */
  host: string | undefined;
  /** The page that it goes through. */
  through: string | undefined;
}

function parsed(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    return undefined;
  }
}

/** What the proxy of Proofpoint made of an address: `v3/__https://…__;` or, in its second version, `-` for `%` and `_` for `/`. */
function unfolded({ pathname, searchParams }: URL): string | null {
  const third = /\/v3\/__(.+?)__;/.exec(pathname)?.[1];
  if (third) return third.replace(/^(https?:\/)(?!\/)/, "$1/");
  const second = searchParams.get("u");
  return second && pathname.startsWith("/v2/") ? decode(second.replaceAll("-", "%").replaceAll("_", "/")) : second;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function behind(page: URL): URL | undefined {
  const known = REDIRECTORS.find(([host]) => host.test(page.hostname));
  if (!known) return undefined;
  const written = /urldefense/.test(page.hostname) ? [unfolded(page)] : known[1].map((name) => page.searchParams.get(name));
  const next = written.map((it) => (it ? parsed(it) : undefined)).find((it) => it && /^https?:$/.test(it.protocol));
  return next ?? undefined;
}

/** Where a link leads; nothing if it leads nowhere that may be opened. */
export function targetOf(address: string): Target | undefined {
  if (!LINK.test(address)) return undefined;
  const first = parsed(address);
  if (!first) return undefined;
  let page = first;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const next = behind(page);
    if (!next) break;
    page = next;
  }
  const isPage = /^https?:$/.test(page.protocol);
  return { url: page.href, host: isPage ? page.hostname : undefined, through: page === first ? undefined : first.hostname };
}

/** The host that a text seems to name, in its plain form. */
function namedHost(text: string): string | undefined {
  const named = /^\s*(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+\p{L}{2,})(?:[/:?#]|\s*$)/iu.exec(text);
  return named?.[1] ? parsed(`https://${named[1]}`)?.hostname : undefined;
}

/** The message's own styles could hide what is added to it. */
const SEEN = "display: inline !important; visibility: visible !important; opacity: 1 !important; font: 600 13px system-ui !important; color: #a4262c !important; background: #fff !important";

/** Has links open beside the application, and says where one leads that names another place. */
export function tellLinks(body: HTMLElement, leads: (host: string) => string): void {
  for (const link of body.querySelectorAll("a")) {
    const target = targetOf(link.getAttribute("href") ?? "");
    if (!target) {
      link.removeAttribute("href");
      continue;
    }
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    link.title = target.url;
    const { host } = target;
    const named = namedHost(link.textContent ?? "");
    const plain = (name: string) => name.replace(/^www\./, "");
    const isSame = host !== undefined && named !== undefined && (plain(host) === plain(named) || host.endsWith(`.${plain(named)}`));
    const isForeign = host !== undefined && /(?:^|\.)xn--/.test(host);
    if (!host || isSame || (!named && !isForeign)) continue;
    const note = body.ownerDocument.createElement("span");
    note.setAttribute("style", SEEN);
    note.textContent = ` (${leads(host)})`;
    link.after(note);
  }
}
