import { digits, DIALECTS } from './dialects.js';
import { open, openAll } from './peer.js';

/* Range readers that are behind: all the frames of all of them are held to the one rule, from === cursor. */

/** Connected, but reading nothing yet. */
const CONNECTED = {
  ...DIALECTS.range,
  greet: (/** @type {string} */ text) => (text.startsWith('{"type":"welcome"') ? /** @type {const} */ (true) : []),
};

/**
 * @param {object} params
 * @param {number} params.port
 * @param {Record<string, string>} params.headers
 * @param {readonly number[]} params.cursors  of each client, where it begins
 * @param {number} params.head                where all end
 */
export async function run({ port, headers, cursors, head }) {
  /** @type {Set<string>} */
  const problems = new Set();
  let complete = 0;
  /** @type {() => void} */
  let finished = () => undefined;
  const done = new Promise((resolve) => (finished = () => resolve(undefined)));
  const sockets = await openAll(cursors.length, async (index) => {
    let [cursor, to] = [cursors[index], cursors[index]];
    const socket = await open(port, CONNECTED, {
      headers,
      listener: {
        frame(buffer, start, length) {
          if (DIALECTS.range.count(buffer, start, length) === 0) return;
          const from = digits(buffer, buffer.indexOf('"from":', start) + 7);
          to = digits(buffer, buffer.indexOf('"to":', start) + 5);
          if (from !== cursor) problems.add(`a frame from ${from} came at cursor ${cursor}`);
          if (index === 0) check(buffer.toString('utf8', start, start + length), from, problems);
        },
        taken() {
          if (to === cursor) return;
          cursor = to;
          if (cursor >= head && (complete += 1) === cursors.length) finished();
        },
        closed: (why) => {
          problems.add(why);
          finished();
        },
      },
    });
    socket.whole = index === 0;
    return socket;
  });
  const beganMs = performance.now();
  sockets.forEach((socket, index) => socket.send(`{"type":"subscribe","since":${cursors[index]}}`));
  await done;
  const seconds = (performance.now() - beganMs) / 1_000;
  const bytes = sockets.reduce((sum, socket) => sum + socket.bytes, 0);
  const events = cursors.reduce((sum, cursor) => sum + head - cursor, 0);
  sockets.forEach((socket) => socket.close());
  return { events, bytes, seconds, problems: [...problems].slice(0, 3) };
}

/**
 * Each event by itself.
 * @param {string} text
 * @param {number} from
 * @param {Set<string>} problems
 */
function check(text, from, problems) {
  const { events, to } = JSON.parse(text);
  events.forEach((/** @type {{ seq: number }} */ { seq }, /** @type {number} */ index) => {
    if (seq !== from + index + 1) problems.add(`event ${seq} came after ${from + index}`);
  });
  if (events.length !== to - from) problems.add(`a frame to ${to} ended at ${from + events.length}`);
}
