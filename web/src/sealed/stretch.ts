// Argon2id in a worker, loaded when a password is first used.

import type { Stretch } from "./format";
import type { Octets } from "./octets";

/** What new deliveries use; RFC 9106 section 4, second recommended option, for one lane. */
export const ARGON = { memory_kib: 65_536, passes: 3, lanes: 1 };

/** No server may have a visitor compute for hours. */
const MEMORY_KIB_MAX = 1 << 20;
const PASSES_MAX = 16;

export const stretch: Stretch = (password, salt, { memory_kib: memory, passes, lanes }) =>
  new Promise<Octets>((resolve, reject) => {
    if (memory > MEMORY_KIB_MAX || passes > PASSES_MAX) {
      reject(new Error("the delivery asks for more work than is usual"));
      return;
    }
    const worker = new Worker(new URL("./derive.worker.ts", import.meta.url), { type: "module" });
    const end = (what: () => void) => {
      worker.terminate();
      what();
    };
    worker.addEventListener("message", ({ data }: MessageEvent<Octets>) => end(() => resolve(data)));
    worker.addEventListener("error", (event) => end(() => reject(new Error(event.message || "the password cannot be worked on"))));
    // A worker has no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    worker.postMessage({ password, salt, memory, passes, lanes });
  });
