// Every package in the lock file that ends up in the page or builds it must have a permissive licence (compare deny.toml).
import { readFileSync } from "node:fs";

const allowed = new Set(["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "CC0-1.0", "BlueOak-1.0.0", "MIT-0", "Python-2.0", "Unlicense"]);
// Weak copyleft on its own files, which are used unchanged: name, licence.
const exceptions = new Map([
  ["lightningcss", "MPL-2.0"], // compiles style sheets when the page is built
  ["axe-core", "MPL-2.0"], // run by tests alone
  ["ical.js", "MPL-2.0"], // reads calendars; used unchanged, its source is its package on npm
  ["openpgp", "LGPL-3.0+"], // in the script of a worker by itself; used unchanged, its source is its package on npm
  ["dompurify", "(MPL-2.0 OR Apache-2.0)"], // taken under Apache-2.0
]);

const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
const refused = [];
for (const [path, { license }] of Object.entries(lock.packages)) {
  if (path === "") continue;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const family = [...exceptions.keys()].find((known) => name === known || name.startsWith(`${known}-`));
  const choices = String(license).replace(/[()]/g, "").split(" OR ");
  if (!choices.some((choice) => allowed.has(choice)) && !(family && exceptions.get(family) === license)) {
    refused.push(`${name}: ${license ?? "names no licence"}`);
  }
}
if (refused.length > 0) {
  console.error(`licences that are not allowed (tools/licences.mjs):\n  ${refused.join("\n  ")}`);
  process.exit(1);
}
console.log(`licences: ${Object.keys(lock.packages).length - 1} packages`);
