/// <reference lib="dom" />

/* What runs in the browser: an application with an offline-first client, as its page starts and as it shows changes. */

/** As it is served; its own types are for those who use it. */
const CLIENT = '/client.js';
const { createClient, indexedDbStore } = await import(CLIENT);

const NEWEST = { sort: '-updatedAt', limit: 50 };

const beganMs = performance.now();
const client = createClient({ store: indexedDbStore() });

/** Times in ms; `sincePage` from when the browser began to load the page. */
async function start() {
  const { length } = await client.list(NEWEST);
  const listedMs = performance.now();
  const all = await client.list({ limit: Infinity });
  return {
    listed: length,
    firstMs: listedMs - beganMs,
    sincePageMs: listedMs,
    atomes: all.length,
    allMs: performance.now() - beganMs,
  };
}

/**
 * Draws the newest atomes as they change, once a frame, and tells how long the frames took once it is warm.
 * @param {number} warmMs
 * @param {number} ms
 */
async function draw(warmMs, ms) {
  let events = 0;
  let frame = 0;
  const list = document.createElement('ul');
  document.body.append(list);
  const ends = [
    client.on('atome:altered', () => (events += 1)),
    client.watch(NEWEST, (/** @type {readonly { data: { title: string, n: number } }[]} */ atomes) => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => list.replaceChildren(...atomes.map(entryOf)));
    }),
  ];
  await framesFor(warmMs);
  events = 0;
  const frames = await framesFor(ms);
  ends.forEach((end) => end());
  list.remove();
  return { events, frames };
}

/** @param {{ data: { title: string, n: number } }} atome */
function entryOf({ data }) {
  const entry = document.createElement('li');
  entry.textContent = `${data.title} ${data.n}`;
  return entry;
}

/**
 * Milliseconds from each frame to the next.
 * @param {number} ms
 * @returns {Promise<number[]>}
 */
function framesFor(ms) {
  return new Promise((resolve) => {
    /** @type {number[]} */
    const times = [];
    const next = (/** @type {number} */ time) => {
      times.push(time);
      if (time < times[0] + ms) requestAnimationFrame(next);
      else resolve(times.slice(1).map((each, i) => each - times[i]));
    };
    requestAnimationFrame(next);
  });
}

Object.assign(globalThis, { page: { started: start(), draw, framesFor, client } });
