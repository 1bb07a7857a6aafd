/* global self, caches */
/* A service worker, so that the examples start without a network: what they are made of is kept at the first visit. */
const KEPT = 'examples';
/** Beside this file, under whatever prefix. */
const FILES = ['../client.js', 'todo.css', 'todo/', 'todo/todo.js', 'todo-react/', 'todo-react/todo.min.js'].map(
  (file) => new URL(file, self.location.href).pathname,
);

self.addEventListener('install', (event) => {
  const keep = async () => {
    const cache = await caches.open(KEPT);
    await Promise.allSettled(FILES.map((file) => cache.add(file)));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/* The network has the newest; the data itself is the SDK's business. */
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin || !FILES.includes(pathname)) return;
  const load = async () => {
    const cache = await caches.open(KEPT);
    try {
      const answer = await fetch(request);
      if (answer.ok) await cache.put(pathname, answer.clone());
      return answer;
    } catch (error) {
      const kept = await cache.match(pathname);
      if (kept) return kept;
      throw error;
    }
  };
  event.respondWith(load());
});
