import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as elapse } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../src/protocol/index.js';
import { audit, DATABASES, type Database } from '../support/databases/databases.js';
import type { Api } from '../support/clients/api.js';
import { bundled } from '../support/server/killed-program.js';
import { Inspector, WATCHED } from '../support/server/inspector.js';
import { ServerProcess } from '../support/server/process.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import { report } from '../support/report.js';

/**
 * How long each abuse lasts: short here, 120 by hand (`ABUSE_SECONDS=120 npm run jest -- test/security/abuse`), where
 * the times count too. `ABUSE=<part of a name>` picks some.
 */
const SECONDS = Number(process.env.ABUSE_SECONDS ?? 0.4);
const TIMES_COUNT = process.env.ABUSE_SECONDS !== undefined;
/** An abuse that has not ended by then never does. */
const STUCK_MS = 60_000 + SECONDS * 1_000;
const HEAP_MB = 1_024;
const NEIGHBOURS = ['t1', 't2', 't3'];
const EVERY_MS = 50;

/** Those of a reader, a writer and an admin, and those of somebody without a token. */
const ABUSES: readonly [who: string, abuse: string][] = [
  ['a reader', 'subscribes to random ages'],
  ['a reader', 'subscribes with new filters'],
  ['a reader', 'asks for changes it may not see'],
  ['a reader', 'takes snapshots'],
  ['a reader', 'exports its data'],
  ['a reader', 'searches for what is nowhere'],
  ['a reader', 'counts and sorts'],
  ['a reader', 'reads old versions'],
  ['a reader', 'opens and closes streams'],
  ['a reader', 'waits and goes away'],
  ['a reader', 'asks for tickets'],
  ['a reader', 'takes no answer'],
  ['a reader', 'tells where it is'],
  ['a reader', 'pings'],
  ['a reader', 'sends rubbish'],
  ['a reader', 'asks for much at once'],
  ['a writer', 'sends no body'],
  ['a writer', 'shares with descendants'],
  ['a writer', 'writes what changes nothing'],
  ['a writer', 'alters one of many keys'],
  ['a writer', 'gives each write another name'],
  ['a writer', 'erases again and again'],
  ['an admin', 'has webhooks that fail'],
  ['nobody known', 'says nothing'],
  ['nobody known', 'sends rubbish'],
];
const picked = ABUSES.filter(([, abuse]) => abuse.includes(process.env.ABUSE ?? ''));

describe.each(DATABASES)('three tenants beside one caller at their worst, on %s', (_name, create) => {
  let database: Database;
  let server: ServerProcess;
  let inspector: Inspector;
  let program: string;
  let undisturbed: number;
  let isStuck = false;
  /** What is under way just now: calls of the three, and abuses. */
  let [unanswered, abuses] = [0, 0];
  const acknowledged: string[] = [];

  beforeAll(async () => {
    program = await bundled('abuser');
    database = await create();
    server = await ServerProcess.start({
      ...WITH_TOKENS,
      DATABASE_URL: database.url,
      WEBHOOKS_ALLOW_PRIVATE: 'on',
      NODE_OPTIONS: `${WATCHED.NODE_OPTIONS} --max-old-space-size=${HEAP_MB}`,
    });
    inspector = await Inspector.attach(server);
    await prepare(server.api.as(tokenOf('writer', { tenant: 'abused' })));
    undisturbed = p99(await neighbours(elapse(TIMES_COUNT ? Math.max(2_000, SECONDS * 100) : 500)));
    report(`undisturbed p99 ${undisturbed} ms`);
  }, 300_000);
  afterAll(async () => {
    inspector.close();
    await server.kill(isStuck ? 'SIGKILL' : 'SIGTERM');
    const kept = new Set((await Promise.all(NEIGHBOURS.map(opIdsOf))).flat());
    await database.drop();
    expect(acknowledged.filter((opId) => !kept.has(opId))).toEqual([]);
  });

  async function opIdsOf(tenant: string): Promise<string[]> {
    const { alterations, result } = await audit(database.url, tenant);
    expect(result.fault).toBeUndefined();
    return alterations.flatMap(({ opId }) => opId ?? []);
  }

  /** Writes at a fixed rate, whatever the answers take. @returns what each write took, in milliseconds. */
  async function neighbours(until: Promise<unknown>): Promise<number[]> {
    const took: number[] = [];
    const writing: Promise<void>[] = [];
    const end = new AbortController();
    void until.then(() => end.abort());
    const apis = NEIGHBOURS.map((tenant) => server.api.as(tokenOf('writer', { tenant })));
    for (let n = 0; !end.signal.aborted; n += 1) {
      for (const api of apis) {
        writing.push(
          (async () => {
            const begun = performance.now();
            const opId = randomUUID();
            const note = { kind: 'note', data: { n } };
            unanswered += 1;
            const { status } = await api.post('/api/atome/create', note, { 'idempotency-key': opId });
            unanswered -= 1;
            took.push(performance.now() - begun);
            expect(status).toBe(201);
            acknowledged.push(opId);
          })(),
        );
      }
      await elapse(EVERY_MS);
    }
    await Promise.all(writing);
    return took;
  }

  /** Who finds a server that answers nobody wants to know what it does instead. */
  async function orStuck<T>(work: Promise<T>): Promise<T> {
    const end = new AbortController();
    const stuck = elapse(STUCK_MS, undefined, { signal: end.signal }).then(async () => {
      const open = `${unanswered} calls of others are unanswered, the abuser has ${abuses > 0 ? 'not ' : ''}ended`;
      const told = [
        ...server.stateLines(),
        ...(await inspector.stacks()),
        ...(await inspector.busiest()),
        ...server.output,
      ];
      isStuck = true;
      throw new Error(`${open}:\n${told.join('\n')}`);
    });
    try {
      return await Promise.race([work, stuck]);
    } finally {
      end.abort();
      stuck.catch(() => undefined);
    }
  }

  it.each(picked)(
    'bears %s who %s',
    async (who, abuse) => {
      expect(isStuck).toBe(false);
      await inspector.watchLoop();
      const role = who.replace(/^an? /, '');
      const token = role === who ? '' : tokenOf(role, { tenant: 'abused', sub: `${role}-at-their-worst` });
      abuses += 1;
      const abusing = abuser(program, [server.url, server.wsUrl, token, abuse, String(SECONDS)]);
      void abusing.finally(() => (abuses -= 1));
      const slowest = p99(await orStuck(neighbours(abusing)));
      const loop = await inspector.loopDelay();
      const refusals = await abusing;
      report(`${who} ${abuse}: p99 ${slowest} ms, loop p99 ${loop} ms, ${refusals.join(', ')}`);
      expect(server.child.exitCode ?? server.child.signalCode).toBeNull();
      expect(refusals.filter((refusal) => !isKnown(refusal))).toEqual([]);
      if (!TIMES_COUNT) return;
      expect(slowest).toBeLessThanOrEqual(Math.max(100, undisturbed * 3));
      expect(loop).toBeLessThanOrEqual(50);
    },
    120_000 + SECONDS * 2_000,
  );
});

/** What an abuser needs to find: many atomes, a wide one with versions, two large ones, and a parent with children. */
async function prepare(api: Api): Promise<void> {
  const create = (id: string, data: object, more: object = {}): object => ({
    opId: `make-${id}`,
    atomeId: id,
    operation: 'create',
    kind: 'note',
    data,
    ...more,
  });
  const push = async (operations: object[]): Promise<void> => {
    const { status, text } = await api.post('/api/sync/push', { operations });
    if (status !== 200) throw new Error(text);
  };
  const keys = (from: number, length = 5_000): object =>
    Object.fromEntries(Array.from({ length }, (_, n) => [`key-${from + n}`, n]));
  await push([create('wide', keys(0)), create('parent', {}), create('large', { text: 'a'.repeat(200_000) })]);
  await push([{ opId: 'wider', atomeId: 'wide', operation: 'update', changes: keys(5_000) }]);
  for (let n = 0; n < 40; n += 1) {
    await push([{ opId: `touch-${n}`, atomeId: 'wide', operation: 'update', changes: { touched: n } }]);
  }
  await push([create('heavy', {}), create('named', {})]);
  for (let from = 0; from < 54_000; from += 9_000) {
    await push([{ opId: `heavy-${from}`, atomeId: 'heavy', operation: 'update', changes: keys(from, 9_000) }]);
  }
  for (let n = 0; n < 1_500; n += 500) {
    const child = (_: unknown, i: number): object =>
      create(`child-${n + i}`, { text: 'a'.repeat(300) }, { parentId: 'parent', access: 'inherit' });
    await push(Array.from({ length: 500 }, child));
  }
}

async function abuser(program: string, args: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-', ...args], {
    cwd: process.cwd(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(program);
  const ended = once(child, 'close');
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line.replace('refused ', '')));
  await ended;
  return said;
}

/** A status with its code, a code, a closing code or the status of a handshake. */
function isKnown(refusal: string): boolean {
  const [first = '', second = ''] = refusal.split(' ');
  if (first === 'close') return ['1006', '1008', '1009', '1013', '4401', '4408', '4429'].includes(second);
  if (first === 'handshake') return ['401', '403', '429', '503'].includes(second);
  const code = /^\d+$/.test(first) ? second : first;
  return code in ERRORS && code !== 'internal';
}

function p99(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
}
