import { createHistogram } from 'node:perf_hooks';
import { percentiles } from '../lib/stats.js';
import { digits, DIALECTS } from './dialects.js';
import { clientFrame } from './frame-socket.js';
import { open, openAll } from './peer.js';

/* Writes over WebSockets, with a window of unanswered ones on each. */

const SEQ = Buffer.from('"seq":');
const ACK = Buffer.from('{"type":"ack"');
const DUPLICATE = Buffer.from('"duplicate"');

/**
 * @param {object} params
 * @param {number} params.port
 * @param {number} params.sockets
 * @param {number} params.window   on each socket
 * @param {Record<string, string>} params.headers
 * @param {number} params.warmMs
 * @param {number} params.ms
 */
export async function run({ port, sockets: count, window, headers, warmMs, ms }) {
  const histogram = createHistogram({ figures: 3 });
  /** @type {Set<string>} */
  const problems = new Set();
  /** @type {Set<number>} */
  const seqs = new Set();
  let [phase, sent, acknowledged, measured] = ['warm', 0, 0, 0];
  const sockets = await openAll(count, async () => {
    /** When each unanswered write was sent: acks come in the order of the writes. @type {number[]} */
    const waiting = [];
    let lastSeq = 0;
    /** @type {import('./frame-socket.js').FrameSocket | undefined} */
    let socket;
    const fill = () => {
      if (phase === 'over' || !socket) return;
      const frames = [];
      while (waiting.length < window) {
        waiting.push(performance.now());
        frames.push(clientFrame(DIALECTS.range.write((sent += 1))));
      }
      if (frames.length > 0) socket.socket.write(Buffer.concat(frames));
    };
    socket = await open(port, DIALECTS.range, {
      headers,
      writer: true,
      listener: {
        frame(buffer, start, length) {
          const text = buffer.subarray(start, start + length);
          if (text.compare(ACK, 0, ACK.length, 0, ACK.length) !== 0) return void problems.add(text.toString());
          const seq = digits(text, text.indexOf(SEQ) + SEQ.length);
          if (seq <= lastSeq || seqs.has(seq) || text.includes(DUPLICATE))
            problems.add(`out of order: ${text.toString()}`);
          lastSeq = seq;
          seqs.add(seq);
          acknowledged += 1;
          const sentMs = /** @type {number} */ (waiting.shift());
          if (phase !== 'measured') return;
          measured += 1;
          histogram.record(Math.max(1, Math.round((performance.now() - sentMs) * 1e6)));
        },
        idle: fill,
        closed: (why) => problems.add(why),
      },
    });
    return { socket, fill };
  });
  sockets.forEach(({ fill }) => fill());
  await sleep(warmMs);
  phase = 'measured';
  const [beganMs, from] = [performance.now(), measured];
  await sleep(ms);
  const [seconds, answered] = [(performance.now() - beganMs) / 1_000, measured - from];
  phase = 'over';
  for (const endMs = performance.now() + 10_000; acknowledged < sent && performance.now() < endMs;) await sleep(5);
  if (acknowledged !== sent) problems.add(`${acknowledged} of ${sent} writes were acknowledged`);
  sockets.forEach(({ socket }) => socket.close());
  return {
    count: answered,
    total: sent,
    seconds,
    percentiles: percentiles(histogram),
    problems: [...problems].slice(0, 3),
  };
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
