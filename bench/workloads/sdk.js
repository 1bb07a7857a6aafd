import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { startLoad } from '../lib/child.js';
import { inChromium } from '../lib/sdk-in-chromium.js';

/** @typedef {import('../lib/measure.js').Contestant} Contestant */

const BUNDLE = new URL('../../client/dist/client.js', import.meta.url);

/** @type {import('../lib/measure.js').Workload} */
export const sdk = {
  name: 'sdk',
  about: 'the client: events applied to listeners, its start and its frames in Chromium, and the size of its bundle',
  cases(options) {
    const events = options.quick ? 10_000 : 200_000;
    const atomes = options.quick ? 10_000 : 100_000;
    const browser = { name: '@atome-sync/client', own: true, run: () => inChromium(atomes, options) };
    return [
      { name: `${events} events`, contestants: [1, 100].map((perFrame) => applying(events, perFrame)) },
      { name: `${atomes} atomes in Chromium, 1,000 alterations a second`, contestants: [browser] },
      { name: 'bundle', contestants: [{ name: '@atome-sync/client', own: true, run: weigh }] },
    ];
  },
};

/**
 * @param {number} events
 * @param {number} perFrame
 * @returns {Contestant}
 */
function applying(events, perFrame) {
  const run = async () => {
    const program = startLoad('load/sdk.js', 'server');
    try {
      const { seconds, problems } = await program.call('run', { events, perFrame });
      return { metrics: { 'events/s': events / seconds }, problems };
    } finally {
      await program.stop('SIGKILL');
    }
  };
  return { name: perFrame === 1 ? 'one a frame' : `${perFrame} a frame`, own: true, run };
}

async function weigh() {
  const bundle = readFileSync(BUNDLE);
  return { metrics: { 'bytes, gzipped': gzipSync(bundle).length, 'bytes, minified': bundle.length }, problems: [] };
}
