import { WS_PATH } from '../lib/paths.js';
import { eventId, filler, ownData, peerEvent } from '../lib/event.js';

/*
 * How each kind of server is spoken to: what a reader says until it is live, how many events a frame holds, and how
 * an event is written.
 */

/**
 * @typedef {object} Dialect
 * @property {string} path
 * @property {boolean} [acknowledges]  each write is answered with an `ack`
 * @property {(text: string, since?: number) => readonly string[] | true} greet
 *   for each text before the reader is live: what to answer, or true once it is live
 * @property {(text: string) => readonly string[] | true} [greetWriter]  the same for the writer, where it differs
 * @property {(buffer: Buffer, start: number, length: number) => number} count  events in a frame
 * @property {(buffer: Buffer, start: number) => string | undefined} [reply]  what must be answered later on
 * @property {(text: string) => { n: number }[]} read  the events of a frame, decoded
 * @property {(n: number) => string} write  the frame that makes event `n`
 */

/**
 * @param {Buffer} buffer
 * @param {number} at
 */
export function digits(buffer, at) {
  let value = 0;
  for (let byte = buffer[at]; byte >= 48 && byte <= 57; byte = buffer[(at += 1)]) value = value * 10 + byte - 48;
  return value;
}

const mutate = (/** @type {number} */ n) =>
  `{"type":"mutate","opId":"${eventId(n)}","operation":"create","atomeId":"${eventId(n)}","kind":"note","data":${ownData(n)}}`;

/** It reads nothing. What is answered to the ping was handled after the welcome. @param {string} text */
function greetOwnWriter(text) {
  const { type } = JSON.parse(text);
  if (type === 'pong') return true;
  return type === 'welcome' ? ['{"type":"unsubscribe"}', '{"type":"ping"}'] : [];
}

/** @param {{ atome: { data: { n: number } }, seq: number }} event */
const ownEvent = ({ atome, seq }) => ({ n: atome.data.n, seq });

/** A peer that stores has the number where it was told to store it. @param {{ n?: number, data: { n: number } }} event */
const peersEvent = ({ n, data }) => ({ n: n ?? data.n });

const code = (/** @type {string} */ character) => character.charCodeAt(0);
const [A, E, T, V, COLON, TWO, FOUR] = ['a', 'e', 't', 'v', ':', '2', '4'].map(code);

/** A range reader. @param {object} more of what it asks for @returns {Dialect['greet']} */
function greetRange(more) {
  return (text, since) => {
    const { type, seq } = JSON.parse(text);
    if (type === 'sync:live') return true;
    return type === 'welcome' ? [JSON.stringify({ type: 'subscribe', since: since ?? seq, ...more })] : [];
  };
}

/** @type {Dialect} */
const range = {
  path: WS_PATH,
  acknowledges: true,
  greet: greetRange({}),
  greetWriter: greetOwnWriter,
  count(buffer, start) {
    // {"type":"events","from":12,"to":15, …
    if (buffer[start + 9] !== E || buffer[start + 10] !== V) return 0;
    const from = buffer.indexOf('"from":', start) + 7;
    const to = buffer.indexOf('"to":', from) + 5;
    return digits(buffer, to) - digits(buffer, from);
  },
  read: (text) => JSON.parse(text).events?.map(ownEvent) ?? [],
  write: mutate,
};

/** @type {Dialect} */
const plain = {
  path: WS_PATH,
  acknowledges: true,
  greet(text) {
    const { type } = JSON.parse(text);
    // handled after the welcome: when it is answered, the reader is live
    if (type === 'pong') return true;
    return type === 'welcome' ? ['{"type":"ping"}'] : [];
  },
  greetWriter: greetOwnWriter,
  // {"type":"atome:created", …
  count: (buffer, start) => (buffer[start + 9] === A && buffer[start + 14] === COLON ? 1 : 0),
  read(text) {
    const event = JSON.parse(text);
    return event.type.startsWith('atome:') ? [ownEvent(event)] : [];
  },
  write: mutate,
};

/** Servers on `ws`: they say `{"type":"ready"}`, and hand on what they are sent. @type {Dialect} */
const ws = {
  path: '/',
  greet: () => true,
  count: (buffer, start) => (buffer[start + 2] === T ? 0 : 1),
  read: (text) => [peersEvent(JSON.parse(text))],
  write: peerEvent,
};

/** The same with many events a frame. @type {Dialect} */
const batched = { ...ws, count: range.count, read: (text) => JSON.parse(text).events };

/**
 * Socket.IO's own protocol over a WebSocket (Engine.IO 4).
 * @param {(n: number) => string} write
 * @returns {Dialect}
 */
function socketIo(write) {
  return {
    path: '/socket.io/?EIO=4&transport=websocket',
    greet: (text) => (text.startsWith('40') ? true : text.startsWith('0') ? ['40'] : []),
    count: (buffer, start) => (buffer[start] === FOUR && buffer[start + 1] === TWO ? 1 : 0),
    reply: (buffer, start) => (buffer[start] === TWO ? '3' : undefined),
    read: (text) => (text.startsWith('42') ? [peersEvent(JSON.parse(text.slice(2))[1])] : []),
    write,
  };
}

/** Large enough that it is what a change of one key costs. */
const LARGE_TEXT = filler(300_000);

/** One large atome, of which one key is changed again and again. @type {Dialect} */
const large = {
  ...range,
  write: (n) =>
    n === 1
      ? `{"type":"mutate","opId":"${eventId(n)}","operation":"create","atomeId":"large","kind":"note","data":{"n":1,"text":"${LARGE_TEXT}"}}`
      : `{"type":"mutate","opId":"${eventId(n)}","operation":"update","atomeId":"large","changes":{"n":${n}}}`,
};

/** The same, told by the changes alone. @type {Dialect} */
const largeDeltas = {
  ...large,
  greet: greetRange({ deltas: true }),
  read: (text) => JSON.parse(text).events.map(changedEvent),
};

/** @param {{ seq: number, atome?: { data: { n: number } }, alteration: { changes: { n: number } } }} event */
const changedEvent = ({ seq, atome, alteration }) => ({ n: atome?.data.n ?? alteration.changes.n, seq });

/** @type {Record<string, Dialect>} */
export const DIALECTS = {
  range,
  large,
  'large, deltas': largeDeltas,
  plain,
  ws,
  batched,
  'socket.io': socketIo((n) => `42["publish",${peerEvent(n)}]`),
  feathers: socketIo((n) => `42["create","messages",${peerEvent(n)}]`),
};
