import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../config/command-line.js';
import { errorWords } from '../database/error-words.js';
import { callAtomes, type WriteAnswer } from './atome-calls.js';
import { command, Failure } from './command.js';
import { onEarlyEnd } from './early-end.js';
import { eventsOf } from './event-stream.js';
import { ask, Away, refusal, Refused, SERVER_FLAGS, type RemoteCall } from './remote.js';

const KIND = 'bench-lite';
/** How long readers may take for what is on its way when the writers have ended, in milliseconds. */
const LAST_MS = 10_000;

const FLAGS = {
  ...SERVER_FLAGS,
  seconds: { type: 'string', takes: '<number>', help: 'how long, 60 at most', default: '5' },
  writers: { type: 'string', takes: '<number>', help: 'who write, each the next when it has its answer', default: '8' },
  readers: { type: 'string', takes: '<number>', help: 'who follow them', default: '4' },
} as const;

export default command({
  name: KIND,
  about: `Measures a running server for some seconds: writes that are acknowledged, how long each takes, and deliveries to those who follow.
It creates atomes of the kind ${KIND}, alters them, and deletes them at the end; their past stays in the ledger. The figures are those of
this machine and of the network in between too: with more writers, until they do not rise any more, they tell of the server.`,
  flags: FLAGS,
  failure: 'the server refuses it, or readers have not been told of all writes',

  async run({ values, print }) {
    const [seconds, writers, readers] = [
      of(values, 'seconds', 60),
      of(values, 'writers', 256),
      of(values, 'readers', 256),
    ];
    const stop = new AbortController();
    const end = { at: Infinity };
    // who ends it early has its atomes deleted all the same; once more ends it at once
    const stopListening = onEarlyEnd(() => (end.at = performance.now()));
    try {
      const followers = await Promise.all(Array.from({ length: readers }, () => follow(values, stop.signal)));
      const began = performance.now();
      end.at = Math.min(end.at, began + seconds * 1_000);
      const done = await allOf(Array.from({ length: writers }, () => write(values, end, stop)));
      const tookS = (performance.now() - began) / 1_000;
      const ids = new Set(done.map(({ id }) => id));
      setTimeout(() => stop.abort(), LAST_MS).unref();
      const told = await Promise.all(followers.map((follower) => follower.counted(ids)));
      const figures = figuresOf(done, told, tookS);
      print(figures, sentenceOf(figures));
      return figures.missing === 0 ? 0 : 1;
    } finally {
      stopListening();
      stop.abort();
    }
  },
});

interface Figures {
  readonly writes: number;
  readonly writesPerSecond: number;
  readonly ms: { readonly p50: number; readonly p99: number };
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  readonly missing: number;
  /** How often a write had to wait since the server takes no more from one caller. */
  readonly limited: number;
}

function figuresOf(done: readonly Written[], told: readonly number[], tookS: number): Figures {
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
  const latencies = done.flatMap(({ ms }) => ms).sort((a, b) => a - b);
  const part = (of: number): number => Math.round((latencies[Math.floor(latencies.length * of)] ?? 0) * 10) / 10;
  const [writes, deliveries] = [latencies.length, sum(told)];
  return {
    writes,
    writesPerSecond: Math.round(writes / tookS),
    ms: { p50: part(0.5), p99: part(0.99) },
    deliveries,
    deliveriesPerSecond: Math.round(deliveries / tookS),
    missing: writes * told.length - deliveries,
    limited: sum(done.map((each) => each.limited)),
  };
}

function sentenceOf({ writesPerSecond, deliveriesPerSecond, missing, ms, limited }: Figures): string {
  const slow = `p50 ${ms.p50} ms, p99 ${ms.p99} ms`;
  const all = `${writesPerSecond} writes a second (${slow}), ${deliveriesPerSecond} deliveries a second, ${missing} missing`;
  if (limited === 0) return all;
  return `${all}; ${limited} times a write had to wait for RATE_LIMIT or TENANT_WRITES_PER_SECOND of the server`;
}

/** Waits for all, also where one fails. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function of(values: Readonly<Record<string, unknown>>, flag: 'seconds' | 'writers' | 'readers', most: number): number {
  const number = Number(values[flag]);
  if (Number.isInteger(number) && number >= (flag === 'readers' ? 0 : 1) && number <= most) return number;
  throw new UsageError(`--${flag}: expected a whole number up to ${most}`);
}

interface Written {
  readonly id: string;
  /** How long each write took. */
  readonly ms: readonly number[];
  readonly limited: number;
}

/** One who writes one atome again and again, and deletes it whatever comes; a failure stops the others. */
async function write(server: RemoteCall, end: { readonly at: number }, stop: AbortController): Promise<Written> {
  const ms: number[] = [];
  let limited = 0;
  const timed = async (path: string, body: object, method = 'POST'): Promise<WriteAnswer> => {
    for (;;) {
      const asked = performance.now();
      try {
        const answer = await callAtomes<WriteAnswer>(server, { method, path, body });
        ms.push(performance.now() - asked);
        return answer;
      } catch (error) {
        const problem = error instanceof Refused ? error.problem : {};
        if (problem.code !== 'rate_limited' || asked > end.at + LAST_MS) throw error;
        limited += 1;
        await delay(Number(problem.retryAfter ?? 1_000));
      }
    }
  };
  try {
    const { id } = await timed('create', { kind: KIND, data: { n: 0 } });
    try {
      for (let n = 1; performance.now() < end.at && !stop.signal.aborted; n += 1) {
        await timed(`${id}/alter`, { operation: 'update', changes: { n } });
      }
    } finally {
      await timed(id, { reason: 'the measurement is over' }, 'DELETE');
    }
    return { id, ms, limited };
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/** One who follows all of the kind from now on, and counts until the ends of some atomes have come. */
async function follow(
  server: RemoteCall,
  ended: AbortSignal,
): Promise<{ counted(ids: ReadonlySet<string>): Promise<number> }> {
  const enough = new AbortController();
  const signal = AbortSignal.any([ended, enough.signal]);
  const headers = { accept: 'text/event-stream' };
  const { answer, address } = await ask(server, `/sync/changes?kinds=${KIND}`, { headers, signal });
  if (!answer.ok) throw refusal(address, answer, await answer.json().catch(() => undefined), 'no changes');
  const counts = new Map<string, number>();
  const gone = new Set<string>();
  let onGone = (): void => undefined;
  const read = async (): Promise<undefined> => {
    for await (const { event, data } of eventsOf(answer)) {
      if (event === 'sync:reset') throw new Failure(`the server says ${data}`);
      if (event !== undefined || data === undefined) continue;
      const { type, atomeId, atome } = JSON.parse(data) as { type: string; atomeId?: string; atome?: { id: string } };
      const id = atomeId ?? atome!.id;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      if (type === 'atome:deleted') gone.add(id);
      onGone();
    }
  };
  const reading = read().catch((error: unknown) => {
    if (signal.aborted) return undefined;
    return error instanceof Failure ? error : new Away(`${address}: the stream has ended: ${errorWords(error)}`);
  });
  return {
    counted: async (ids) => {
      onGone = () => {
        if ([...ids].every((id) => gone.has(id))) enough.abort();
      };
      onGone();
      const failure = await reading;
      if (failure) throw failure;
      return [...ids].reduce((all, id) => all + (counts.get(id) ?? 0), 0);
    },
  };
}
