import { readFileSync } from 'node:fs';
import WebSocket from 'ws';
import { startAtome } from './atome.js';
import { browserProfile } from './chromium.js';
import { seededCopy, seededId } from './seed.js';
import { median } from './stats.js';

const STARTS = 5;
/** Alterations a second of the atomes that are watched. */
const RATE = 1_000;
/** Between two looks at how many are due. */
const TICK_MS = 4;

const read = (/** @type {string} */ path) => readFileSync(new URL(path, import.meta.url), 'utf8');

/**
 * An application in Chromium that has all atomes of a server in IndexedDB: how soon it shows the first list, and how its
 * frames come while a thousand alterations a second are told to it.
 * @param {number} atomes
 * @param {import('./measure.js').Options} options
 * @returns {Promise<import('./measure.js').Measurement>}
 */
export async function inChromium(atomes, { warmMs, ms }) {
  const ledger = await seededCopy({ alterations: atomes, atomes });
  const server = await startAtome(ledger.url);
  const profile = await browserProfile();
  const problems = new Set(/** @type {string[]} */ ([]));
  const origin = server.url.origin;

  /** @template T @param {(page: import('playwright-core').Page) => Promise<T>} work */
  const withPage = async (work) => {
    const context = await profile.open();
    try {
      const script = '<!doctype html><title>Bench</title><script type="module" src="/sdk-page.js"></script>';
      const files = { '/bench': script, '/client.js': read('../../client/dist/client.js') };
      for (const [path, body] of Object.entries({ ...files, '/sdk-page.js': read('../load/sdk-page.js') })) {
        const contentType = path.endsWith('.js') ? 'text/javascript' : 'text/html';
        await context.route(`${origin}${path}`, (route) => route.fulfill({ contentType, body }));
      }
      const page = await context.newPage();
      page.on('pageerror', (error) => problems.add(String(error)));
      await page.goto(`${origin}/bench`);
      await page.waitForFunction('globalThis.page');
      return await work(page);
    } finally {
      await context.close();
    }
  };

  try {
    // a copy is taken, and is in the store when the client has closed
    await withPage((page) =>
      page.evaluate('globalThis.page.client.ready().then(() => globalThis.page.client.close())'),
    );
    const drawn = await withPage(async (page) => {
      await page.evaluate('globalThis.page.started');
      const rest = await evaluate(page, `globalThis.page.framesFor(${ms})`);
      return whileWritten(server.url, atomes, async () => {
        const session = await page.context().newCDPSession(page);
        await session.send('Performance.enable');
        const before = await busySeconds(session);
        const { events, frames } = await evaluate(page, `globalThis.page.draw(${warmMs}, ${ms})`);
        const after = await busySeconds(session);
        if (events < (RATE * ms * 0.9) / 1_000) problems.add(`only ${events} events in ${ms} ms`);
        const late = frames.filter((/** @type {number} */ each) => each > 25).length / frames.length;
        const p99 = percentile(frames, 0.99);
        return {
          late,
          p99,
          restP99: percentile(rest, 0.99),
          busy: (after.busy - before.busy) / (after.time - before.time),
        };
      });
    });
    const starts = await withPage(async (page) => {
      const found = [];
      for (let n = 0; n <= STARTS; n += 1) {
        if (n > 0) await page.reload();
        await page.waitForFunction('globalThis.page');
        found.push(await evaluate(page, 'globalThis.page.started'));
      }
      return found;
    });
    for (const start of starts) {
      if (start.listed !== 50 || start.atomes !== atomes) problems.add(`${start.listed}, ${start.atomes} were listed`);
    }
    const [cold, ...warm] = starts;
    const of = (/** @type {string} */ name) => median(warm.map((start) => start[name]));
    return {
      metrics: {
        'first list ms': of('firstMs'),
        '… from page start': of('sincePageMs'),
        '… browser just started': cold.firstMs,
        'all read ms': of('allMs'),
        'frame p99 ms': drawn.p99,
        '… at rest': drawn.restP99,
        'frames late %': drawn.late * 100,
        'main thread busy %': drawn.busy * 100,
      },
      problems: [...problems].slice(0, 3),
    };
  } finally {
    await server.stop();
    profile.drop();
    ledger.drop();
  }
}

/**
 * Alters atomes at a steady rate while something is done.
 * @template T
 * @param {URL} url
 * @param {number} atomes
 * @param {() => Promise<T>} work
 */
async function whileWritten(url, atomes, work) {
  const socket = new WebSocket(new URL('/ws/atome-sync', url.href.replace('http', 'ws')));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.resume();
  const beganMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (const due = ((performance.now() - beganMs) * RATE) / 1_000; sent < due; sent += 1) {
      const atomeId = seededId((sent * 7_919) % atomes);
      const changes = { n: -sent - 1 };
      socket.send(JSON.stringify({ type: 'mutate', opId: `bench-${sent}`, operation: 'update', atomeId, changes }));
    }
  }, TICK_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

/** How long the main thread of a page has worked, and when. @param {import('playwright-core').CDPSession} session */
async function busySeconds(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (/** @type {string} */ wanted) => metrics.find(({ name }) => name === wanted)?.value ?? NaN;
  return { busy: value('TaskDuration'), time: value('Timestamp') };
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} code
 * @returns {Promise<any>} each function of the page says what it answers
 */
function evaluate(page, code) {
  return page.evaluate(code);
}

/**
 * @param {readonly number[]} values
 * @param {number} share
 */
function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
