// Lays a Brotli and a gzip copy beside each file of the build that shrinks: the server sends them as they are.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const site = new URL("../dist/", import.meta.url).pathname;
const shrinks = /\.(js|css|json|svg|webmanifest|txt)$/;

function files(directory) {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

let first = 0;
const page = readFileSync(join(site, "index.html"), "utf8");
for (const path of files(site).filter((path) => shrinks.test(path))) {
  const data = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length };
  writeFileSync(`${path}.br`, brotliCompressSync(data, { params }));
  const gzip = gzipSync(data, { level: 9 });
  writeFileSync(`${path}.gz`, gzip);
  if (path.endsWith(".js") && page.includes(path.slice(site.length))) first += gzip.length;
}

// What the first page loads of script; issue by issue it must not grow past what a slow line carries.
const limit = 250 * 1024;
console.log(`script of the first page: ${(first / 1024).toFixed(1)} KiB gzip of at most ${limit / 1024}`);
if (first > limit) {
  console.error("the first page loads too much script: load what it does not need at once with import()");
  process.exit(1);
}
