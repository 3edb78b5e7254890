// Only the offline page and static files are kept; no page a person has seen.
// The server writes a line above that names the version and the files.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const { version, keep } = /** @type {{version: string, keep: string[]}} */ (Reflect.get(self, "oduvan"));

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(version).then((cache) => cache.addAll(keep)).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => name !== version).map((name) => caches.delete(name))))
    .then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await caches.match("/offline")) ?? Response.error()));
  } else if (new URL(request.url).pathname.startsWith("/static/")) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});

// A push says in general words that there is something new; what it is stands
// in the inbox. The tag is the account's: however much is new, one thing is shown.
worker.addEventListener("push", (event) => {
  /** @type {{text?: string, tag?: string}} */
  let said = {};
  try {
    said = event.data?.json() ?? {};
  } catch {
    return;
  }
  event.waitUntil(worker.registration.showNotification(String(said.text ?? ""), { tag: said.tag, icon: keep[2] }));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(worker.clients.openWindow("/inbox"));
});
