// Argon2id (RFC 9106) beside the page, which stays alive meanwhile. Asks nobody and has no other use.

import { argon2id } from "hash-wasm";

interface Asked {
  password: Uint8Array;
  salt: Uint8Array;
  memory: number;
  passes: number;
  lanes: number;
}

onmessage = async ({ data }: MessageEvent<Asked>) => {
  const { password, salt, memory, passes, lanes } = data;
  postMessage(await argon2id({ password, salt, memorySize: memory, iterations: passes, parallelism: lanes, hashLength: 32, outputType: "binary" }));
};
