import { digits, DIALECTS } from './dialects.js';
import { open, openAll } from './peer.js';

/* Range readers that come back by themselves, with their cursors, whenever they are cut off. */

/** How long one waits before it tries again, at most, in milliseconds. */
const RETRY_MS = 200;

/** @typedef {{ cursor: number, live: boolean }} Client */

/** @type {Client[]} */
let clients = [];
/** @type {Set<string>} */
const problems = new Set();
let reconnects = 0;

/**
 * @param {{ port: number, clients: number }} params
 */
export async function connect({ port, clients: count }) {
  clients = await openAll(count, async () => {
    const client = { cursor: 0, live: false };
    await join(port, client);
    return client;
  });
}

/**
 * @param {number} port
 * @param {Client} client
 */
async function join(port, client) {
  const dialect = {
    ...DIALECTS.range,
    greet: (/** @type {string} */ text) =>
      text.startsWith('{"type":"subscribed"')
        ? /** @type {const} */ (true)
        : text.startsWith('{"type":"welcome"')
          ? [`{"type":"subscribe","since":${client.cursor}}`]
          : [],
  };
  let to = client.cursor;
  const socket = await open(port, dialect, {
    listener: {
      frame(buffer, start, length) {
        if (DIALECTS.range.count(buffer, start, length) === 0) return;
        const from = digits(buffer, buffer.indexOf('"from":', start) + 7);
        to = digits(buffer, buffer.indexOf('"to":', start) + 5);
        if (from !== client.cursor) problems.add(`a frame from ${from} came at cursor ${client.cursor}`);
      },
      // a frame that was cut off does not count
      taken: () => (client.cursor = to),
      closed: () => {
        client.live = false;
        void comeBack(port, client);
      },
    },
  });
  socket.whole = false;
  client.live = true;
}

/**
 * @param {number} port
 * @param {Client} client
 */
async function comeBack(port, client) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_MS));
    try {
      await join(port, client);
      reconnects += 1;
      return;
    } catch {
      // nobody listens yet
    }
  }
}

/** Resolves when every client is connected and has all up to `head`. @param {{ head: number }} params */
export async function complete({ head }) {
  const endMs = performance.now() + 60_000;
  while (!clients.every(({ live, cursor }) => live && cursor >= head)) {
    if (performance.now() > endMs) {
      const missing = clients.filter(({ live, cursor }) => !live || cursor < head).length;
      problems.add(`${missing} of ${clients.length} clients were not back after a minute`);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { problems: [...problems].slice(0, 3), reconnects };
}

/** How far each is, for the one who cuts them off. */
export function cursors() {
  return clients.map(({ cursor }) => cursor);
}
