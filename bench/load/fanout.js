import { createHistogram } from 'node:perf_hooks';
import { percentiles } from '../lib/stats.js';
import { createBody } from '../lib/event.js';
import { DIALECTS } from './dialects.js';
import { HttpSocket } from './http-socket.js';
import { clientFrame } from './frame-socket.js';
import { open, openAll } from './peer.js';
import { Reader } from './reader.js';

/*
 * Writers and readers of one server, in one process, so that they share a clock. A group is a writer with its
 * readers: a tenant, or the only one there is.
 */

/** @typedef {import('./dialects.js').Dialect} Dialect */

/**
 * @typedef {object} Group
 * @property {Reader[]} readers
 * @property {import('./frame-socket.js').FrameSocket | undefined} writer
 * @property {number} sent
 * @property {number} acknowledged
 */

/** @type {Dialect} */
let dialect;
let port = 0;
/** @type {Group[]} */
let groups = [];
/** @type {HttpSocket[]} */
let httpSockets = [];
let delivered = 0;
let expected = 0;
/** @type {string[]} */
let problems = [];
/** @type {() => void} */
let idle = () => undefined;
/** Where to write by HTTP. */
let path = '';

const total = {
  add: (/** @type {number} */ events) => {
    delivered += events;
  },
  idle: () => idle(),
};

/** Readers whose frames are decoded, of each group. */
const SAMPLE = 1;
/** With many groups, of so many of them. */
const SAMPLED_GROUPS = 20;

/**
 * Opens all connections, and answers once every reader is live.
 * @param {object} params
 * @param {number} params.port
 * @param {string} params.dialect
 * @param {readonly { readers: number, headers: Record<string, string> }[]} params.groups
 * @param {number} [params.since]
 * @param {{ path: string, connections: number, port?: number }} [params.rest]  write by HTTP, perhaps elsewhere, and not over a socket
 */
export async function connect({ port: to, dialect: name, groups: wanted, since, rest }) {
  port = to;
  dialect = DIALECTS[name];
  for (const [index, { readers, headers }] of wanted.entries()) {
    const sampled = index < SAMPLED_GROUPS;
    const opened = await openAll(readers, async (which) => {
      const reader = new Reader(dialect, total);
      const sample = sampled && which < SAMPLE;
      await reader.connect(port, headers, { since, sample, ordered: !rest });
      return reader;
    });
    /** @type {Group} */
    const group = { readers: opened, writer: undefined, sent: 0, acknowledged: 0 };
    groups.push(group);
    if (!rest) group.writer = await openWriter(group, headers);
  }
  const [{ headers }] = wanted;
  httpSockets = Array.from({ length: rest?.connections ?? 0 }, () => new HttpSocket(rest?.port ?? port, headers));
  path = rest?.path ?? '';
}

/**
 * @param {Group} group
 * @param {Record<string, string>} headers
 */
function openWriter(group, headers) {
  return open(port, dialect, {
    headers,
    writer: true,
    listener: {
      frame(buffer, start, length) {
        const text = buffer.toString('utf8', start, start + Math.min(length, 300));
        if (text.startsWith('{"type":"ack"')) group.acknowledged += 1;
        else if (dialect.acknowledges) problems.push(`the writer was told: ${text}`);
        else if (text === '2') group.writer?.send('3');
      },
      closed: (why) => problems.push(`the writer: ${why}`),
    },
  });
}

/** @param {Group} group @param {number} count */
function write(group, count) {
  const frames = [];
  for (let index = 0; index < count; index += 1) frames.push(clientFrame(dialect.write((group.sent += 1))));
  group.writer?.socket.write(frames.length === 1 ? frames[0] : Buffer.concat(frames));
  expected += count * group.readers.length;
}

/**
 * Writes as fast as the readers get it: at most `window` events are on their way.
 * @param {{ warmMs: number, ms: number, window: number }} params
 */
export async function saturate({ warmMs, ms, window }) {
  const perEvent = groups[0].readers.length;
  let turn = 0;
  const refill = () => {
    let room = Math.floor((window * perEvent - (expected - delivered)) / perEvent);
    // a few at a time would make the writer, and not the server, decide how large a group is
    if (room < Math.min(window, 16) / 2) return;
    const each = Math.max(1, Math.floor(room / groups.length));
    for (; room > 0; room -= each) write(groups[turn++ % groups.length], Math.min(each, room));
  };
  idle = refill;
  refill();
  await sleep(warmMs);
  const from = reading();
  await sleep(ms);
  const to = reading();
  idle = () => undefined;
  const seconds = (to.atMs - from.atMs) / 1_000;
  return { events: to.delivered - from.delivered, bytes: to.bytes - from.bytes, seconds, writes: to.sent - from.sent };
}

function reading() {
  const readers = groups.flatMap((group) => group.readers);
  const bytes = readers.reduce((sum, { socket }) => sum + (socket?.bytes ?? 0), 0);
  const sent = groups.reduce((sum, group) => sum + group.sent, 0);
  return { atMs: performance.now(), delivered, bytes, sent };
}

/**
 * Writes at a fixed rate, and measures from each write to its event at each reader.
 * @param {{ warmMs: number, ms: number, rate: number }} params
 */
export async function pace({ warmMs, ms, rate }) {
  const histogram = createHistogram({ figures: 3 });
  const began = groups.map(({ sent }) => sent);
  /** @type {Map<number, number>[]} */
  const sentAt = groups.map(() => new Map());
  let measuring = false;
  groups.forEach(({ readers }, which) => {
    const times = sentAt[which];
    const heard = (/** @type {number} */ n) => {
      const at = times.get(n);
      if (at !== undefined) histogram.record(Math.max(1, Math.round((performance.now() - at) * 1e6)));
    };
    readers.forEach((reader) => reader.listen(heard));
  });
  const startedMs = performance.now();
  const totalWrites = Math.round(((warmMs + ms) / 1_000) * rate);
  let lagMs = 0;
  for (let index = 0; index < totalWrites; index += 1) {
    const dueMs = startedMs + (index * 1_000) / rate;
    // a timer would be late by up to a millisecond
    while (performance.now() < dueMs) await new Promise(setImmediate);
    lagMs = Math.max(lagMs, performance.now() - dueMs);
    measuring ||= performance.now() - startedMs >= warmMs;
    const which = index % groups.length;
    if (measuring) sentAt[which].set(groups[which].sent + 1, performance.now());
    writeOne(groups[which], index);
  }
  await until(() => delivered >= expected);
  const written = groups.reduce((sum, { sent }, which) => sum + sent - began[which], 0);
  return { written, lagMs, samples: histogram.count, percentiles: percentiles(histogram) };
}

/** @param {Group} group @param {number} index */
function writeOne(group, index) {
  if (httpSockets.length === 0) return write(group, 1);
  group.sent += 1;
  expected += group.readers.length;
  httpSockets[index % httpSockets.length].request('POST', path, createBody(group.sent)).then(
    ({ status, body }) => {
      if (status !== 201) problems.push(`a create was answered with ${status}: ${body}`);
    },
    (/** @type {Error} */ error) => problems.push(error.message),
  );
}

/** Waits until all is delivered, and says what is wrong. */
export async function finish() {
  await until(() => delivered >= expected);
  // what comes twice comes late
  await sleep(50);
  for (const { readers, sent, acknowledged, writer } of groups) {
    readers.forEach(({ count, problem }) => {
      if (problem) problems.push(problem);
      if (count !== sent) problems.push(`a reader got ${count} of ${sent} events`);
    });
    if (writer && dialect.acknowledges && acknowledged !== sent) {
      problems.push(`${acknowledged} of ${sent} writes were acknowledged`);
    }
  }
  return { problems: [...new Set(problems)], sent: groups.reduce((sum, { sent }) => sum + sent, 0) };
}

/** Where all readers are, for a workload that looks at it from outside. */
export function state() {
  return { delivered, expected };
}

/** @param {() => boolean} condition */
async function until(condition, deadlineMs = 30_000) {
  const endMs = performance.now() + deadlineMs;
  while (!condition() && performance.now() < endMs) await sleep(5);
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
