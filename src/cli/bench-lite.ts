import { UsageError } from '../config/command-line.js';
import { callAtomes, type WriteAnswer } from './atome-calls.js';
import { command, Failure } from './command.js';
import { eventsOf } from './event-stream.js';
import { ask, refusal, SERVER_FLAGS, type RemoteCall } from './remote.js';

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
    const followers = await Promise.all(Array.from({ length: readers }, () => follow(values)));
    const began = performance.now();
    const done = await Promise.all(Array.from({ length: writers }, () => write(values, began + seconds * 1_000)));
    const tookS = (performance.now() - began) / 1_000;
    const ids = new Set(done.map(({ id }) => id));
    const told = await Promise.all(followers.map((follower) => follower.counted(ids)));
    const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
    const latencies = done.flatMap(({ ms }) => ms).sort((a, b) => a - b);
    const part = (of: number): number => Math.round((latencies[Math.floor(latencies.length * of)] ?? 0) * 10) / 10;
    const [writes, deliveries] = [latencies.length, sum(told)];
    const result = {
      writes,
      writesPerSecond: Math.round(writes / tookS),
      ms: { p50: part(0.5), p99: part(0.99) },
      deliveries,
      deliveriesPerSecond: Math.round(deliveries / tookS),
      missing: writes * readers - deliveries,
    };
    const { writesPerSecond, deliveriesPerSecond, missing, ms } = result;
    const slow = `p50 ${ms.p50} ms, p99 ${ms.p99} ms`;
    print(
      result,
      `${writesPerSecond} writes a second (${slow}), ${deliveriesPerSecond} deliveries a second, ${missing} missing`,
    );
    return missing === 0 ? 0 : 1;
  },
});

function of(values: Readonly<Record<string, unknown>>, flag: 'seconds' | 'writers' | 'readers', most: number): number {
  const number = Number(values[flag]);
  if (Number.isInteger(number) && number >= (flag === 'readers' ? 0 : 1) && number <= most) return number;
  throw new UsageError(`--${flag}: expected a whole number up to ${most}`);
}

/** One who writes one atome, again and again; resolves with how long each write took. */
async function write(
  server: RemoteCall,
  until: number,
): Promise<{ readonly id: string; readonly ms: readonly number[] }> {
  const ms: number[] = [];
  const timed = async (path: string, body: object, method = 'POST'): Promise<WriteAnswer> => {
    const asked = performance.now();
    const answer = await callAtomes<WriteAnswer>(server, { method, path, body });
    ms.push(performance.now() - asked);
    return answer;
  };
  const { id } = await timed('create', { kind: KIND, data: { n: 0 } });
  for (let n = 1; performance.now() < until; n += 1) {
    await timed(`${id}/alter`, { operation: 'update', changes: { n } });
  }
  await timed(id, { reason: 'the measurement is over' }, 'DELETE');
  return { id, ms };
}

/** One who follows all of the kind from now on, and counts until the ends of some atomes have come. */
async function follow(server: RemoteCall): Promise<{ counted(ids: ReadonlySet<string>): Promise<number> }> {
  const stop = new AbortController();
  const headers = { accept: 'text/event-stream' };
  const { answer, address } = await ask(server, `/sync/changes?kinds=${KIND}`, { headers, signal: stop.signal });
  if (!answer.ok) throw refusal(address, answer, undefined, 'no changes');
  const counts = new Map<string, number>();
  const gone = new Set<string>();
  let onGone = (): void => undefined;
  const reading = (async () => {
    for await (const { event, data } of eventsOf(answer)) {
      if (event === 'sync:reset') throw new Failure(`the server says ${data}`);
      if (event !== undefined || data === undefined) continue;
      const { type, atomeId, atome } = JSON.parse(data) as { type: string; atomeId?: string; atome?: { id: string } };
      const id = atomeId ?? atome!.id;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      if (type === 'atome:deleted') gone.add(id);
      onGone();
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    counted: async (ids) => {
      const late = setTimeout(() => stop.abort(), LAST_MS);
      onGone = () => {
        if ([...ids].every((id) => gone.has(id))) stop.abort();
      };
      onGone();
      await reading;
      clearTimeout(late);
      return [...ids].reduce((all, id) => all + (counts.get(id) ?? 0), 0);
    },
  };
}
