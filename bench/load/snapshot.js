import { once } from 'node:events';
import { get } from 'node:http';

const LINE_FEED = 10;

/**
 * Takes a snapshot: counts its lines, and looks at the last.
 * @param {{ port: number }} params
 */
export async function run({ port }) {
  const beganMs = performance.now();
  const [response] = /** @type {[import('node:http').IncomingMessage]} */ (
    await once(get({ port, host: '127.0.0.1', path: '/api/sync/snapshot' }), 'response')
  );
  let [lines, bytes, tail] = [0, 0, ''];
  for await (const chunk of response) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) lines += 1;
    tail = (tail + chunk.toString('utf8', Math.max(0, chunk.length - 500))).slice(-500);
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  const trailer = JSON.parse(tail.trimEnd().split('\n').at(-1) ?? '');
  return { lines, bytes, seconds, trailer };
}
