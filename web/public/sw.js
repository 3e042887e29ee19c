// Gives the page and its files where there is no connection. Mail is not kept here, but by the page itself (src/offline).
const KEPT = "tradewind-page-1";
/** Files of the page that are kept: those of some versions. */
const FILES_MAX = 200;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(["/mail", "/app/message"])));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** What the server says; what was kept of it where the server is not reached. */
async function fresh(request, key) {
  const cache = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok && !response.redirected) await cache.put(key, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

/** What was kept; files whose names tell their content never change. */
async function kept(request) {
  const cache = await caches.open(KEPT);
  const known = await cache.match(request);
  if (known) return known;
  const response = await fetch(request);
  if (response.ok) {
    await cache.put(request, response.clone());
    const all = await cache.keys();
    for (const old of all.slice(0, Math.max(0, all.length - FILES_MAX))) {
      if (new URL(old.url).pathname.startsWith("/app/assets/")) await cache.delete(old);
    }
  }
  return response;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && (pathname === "/mail" || pathname.startsWith("/mail/"))) event.respondWith(fresh(request, "/mail"));
  else if (pathname === "/app/message") event.respondWith(fresh(request, pathname));
  else if (pathname.startsWith("/app/assets/")) event.respondWith(kept(request));
});
