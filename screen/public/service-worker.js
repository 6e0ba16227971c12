// Keeps the page itself, so that it opens without a gateway; what it shows then, the page has kept.
const KEPT = "gridcast-page";

async function keepThePage() {
  const cache = await caches.open(KEPT);
  const page = await fetch("./", { cache: "no-cache" });
  const text = await page.clone().text();
  const parts = [...text.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map((found) => found[1]);
  for (const old of await cache.keys()) {
    if (!parts.some((part) => old.url.endsWith(part.slice(1)))) await cache.delete(old);
  }
  await cache.put("./", page);
  await cache.addAll(parts);
}

self.addEventListener("install", (event) => {
  event.waitUntil(keepThePage().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(
      fetch(request)
        .then((page) => {
          if (page.ok) event.waitUntil(keepThePage().catch(() => {}));
          return page;
        })
        .catch(async () => (await caches.match("./")) ?? Response.error()),
    );
  } else if (/\/assets\/|\.svg$|\.webmanifest$/.test(request.url)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});
