// What a browser calls itself, as people call it.

/** The more particular first: most call themselves by the names of others, too. */
const BROWSERS: [name: string, sign: RegExp][] = [
  ["Edge", /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ["Opera", /\bOPR\/(\d+)/],
  ["Samsung Internet", /\bSamsungBrowser\/(\d+)/],
  ["Firefox", /\b(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/],
  ["Safari", /\bVersion\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari\//],
];
const SYSTEMS: [name: string, sign: RegExp][] = [
  ["Windows", /Windows NT/],
  ["iOS", /iPhone|iPad|iPod/],
  ["Android", /Android/],
  ["HarmonyOS", /HarmonyOS|OpenHarmony/],
  ["macOS", /Mac OS X|Macintosh/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux/],
];

/** Browser with its version, and system; the whole as it stands if no browser is known by it. */
export function agentName(agent: string): string {
  for (const [browser, sign] of BROWSERS) {
    const version = sign.exec(agent)?.[1];
    if (version === undefined) continue;
    const system = SYSTEMS.find(([, mark]) => mark.test(agent))?.[0];
    return system ? `${browser} ${version} · ${system}` : `${browser} ${version}`;
  }
  return agent;
}
