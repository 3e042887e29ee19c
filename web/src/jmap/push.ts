// Tells when something changed on the server: by its event stream where it works, and by asking now and then where it does not.

import type { Client } from "./client";
import { LABELS } from "./types";

const PING_SECONDS = 60;
const POLL_MS = 30_000;
const RETRY_MS_MAX = 60_000;

/** Calls `changed` whenever something may have changed; gives a function that ends it. */
export function watch(client: Client, changed: () => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let ended = false;

  const open = () => {
    if (ended) return;
    source = new EventSource(client.eventsUrl(["Email", "Mailbox", "Thread", "EmailSubmission", ...(LABELS in client.session.capabilities ? ["Label"] : [])], PING_SECONDS));
    source.addEventListener("open", () => {
      failures = 0;
      // What happened while there was no stream.
      changed();
    });
    source.addEventListener("state", changed);
    source.addEventListener("error", () => {
      source?.close();
      failures += 1;
      if (failures > 1) changed();
      timer = setTimeout(open, Math.min(POLL_MS * failures, RETRY_MS_MAX));
    });
  };
  const seen = () => {
    if (document.visibilityState === "visible") changed();
  };
  open();
  document.addEventListener("visibilitychange", seen);
  window.addEventListener("online", changed);
  return () => {
    ended = true;
    source?.close();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
    window.removeEventListener("online", changed);
  };
}
