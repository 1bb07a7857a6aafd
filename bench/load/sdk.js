import { eventId, ownData } from '../lib/event.js';

/* The built client on a connection that is always full: how fast it takes what it is told. */

/** As it is built; its own types are for those who use it. */
const CLIENT = new URL('../../client/dist/index.js', import.meta.url).href;
const EPOCH = '00000000-0000-4000-8000-000000000000';
const HASH = '0'.repeat(64);

/**
 * @param {{ events: number, perFrame: number }} params
 */
export async function run({ events, perFrame }) {
  const { createUnified } = await import(CLIENT);
  const frames = framesOf(events, perFrame);
  /** @type {Set<string>} */
  const problems = new Set();
  let [applied, beganMs] = [0, 0];
  /** @type {() => void} */
  let finished = () => undefined;
  const done = new Promise((resolve) => (finished = () => resolve(undefined)));
  const dial = (/** @type {string} */ _url, /** @type {{ message: (text: string) => void }} */ listener) => {
    const say = (/** @type {object} */ message) => listener.message(JSON.stringify(message));
    const feed = () => {
      beganMs = performance.now();
      frames.forEach((text) => listener.message(text));
    };
    setImmediate(() => {
      const now = new Date().toISOString();
      const known = { authRequired: false, connectedClients: 1, epoch: EPOCH, seq: 0 };
      say({ type: 'welcome', clientId: 'bench', timestamp: now, serverTime: now, protocol: 1, ...known });
    });
    return {
      send(/** @type {string} */ text) {
        if (JSON.parse(text).type !== 'subscribe') return;
        setImmediate(() => {
          say({ type: 'subscribed', epoch: EPOCH, from: 0, head: 0 });
          say({ type: 'sync:live', seq: 0 });
          feed();
        });
      },
      close: () => undefined,
    };
  };
  const client = createUnified({ url: 'ws://127.0.0.1:1', dial });
  client.UnifiedSync.on('atome:created', (/** @type {{ seq: number }} */ { seq }) => {
    applied += 1;
    if (seq !== applied) problems.add(`event ${seq} came as number ${applied}`);
    if (applied === events) finished();
  });
  client.UnifiedSync.on('sync:error', (/** @type {{ error: Error }} */ { error }) => problems.add(error.message));
  await client.UnifiedSync.connectRealtime();
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 30_000))]);
  const seconds = (performance.now() - beganMs) / 1_000;
  if (applied !== events) problems.add(`${applied} of ${events} events were applied`);
  client.UnifiedSync.disconnectRealtime();
  return { seconds, problems: [...problems].slice(0, 3) };
}

/**
 * @param {number} events
 * @param {number} perFrame
 */
function framesOf(events, perFrame) {
  const now = new Date().toISOString();
  const frames = [];
  for (let from = 0; from < events; from += perFrame) {
    const to = Math.min(events, from + perFrame);
    const texts = Array.from({ length: to - from }, (_, index) => {
      const seq = from + index + 1;
      return (
        `{"type":"atome:created","atome":{"id":"${eventId(seq)}","kind":"note","type":null,"data":${ownData(seq)},` +
        `"meta":{},"parentId":null,"ownerId":"somebody","version":1,"createdAt":"${now}","updatedAt":"${now}",` +
        `"deletedAt":null},"sourceClient":null,"timestamp":"${now}","seq":${seq},"opId":null}`
      );
    });
    frames.push(`{"type":"events","from":${from},"to":${to},"hash":"${HASH}","events":[${texts.join(',')}]}`);
  }
  return frames;
}
