// After the first visit the lab works without a network: what was loaded once is kept, and ours is asked for first.
const KEPT = "booking-lab";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== location.origin) { return; }
  event.respondWith((async () => {
    const kept = await caches.open(KEPT);
    const old = await kept.match(event.request);
    if (old && event.request.url.includes("/pyodide/")) { return old; }
    try {
      const fresh = await fetch(event.request);
      if (fresh.ok) { kept.put(event.request, fresh.clone()); }
      return fresh;
    } catch (error) {
      if (old) { return old; }
      throw error;
    }
  })());
});
