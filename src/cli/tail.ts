import { setTimeout } from 'node:timers/promises';
import { UsageError } from '../config/command-line.js';
import { command, Failure, type Run } from './command.js';
import { eventsOf } from './event-stream.js';
import { ask, Away, refusal, SERVER_FLAGS, type RemoteCall } from './remote.js';

/** How long nothing may come, in milliseconds: a server says something every 15 s. */
const SILENCE_MS = 45_000;
/** How long it is waited before a server is asked again, in milliseconds. */
const AGAIN_MS = 1_000;

const FLAGS = {
  ...SERVER_FLAGS,
  since: { type: 'string', takes: '<seq>', help: 'what is behind; 0: from the beginning; left out: from now' },
  kinds: { type: 'string', takes: '<kinds>', help: 'only these, with commas' },
  types: { type: 'string', takes: '<types>', help: 'only these, with commas' },
  ids: { type: 'string', takes: '<ids>', help: 'only these atomes, with commas' },
  parent: { type: 'string', takes: '<id>', help: 'only those under this atome; null: under none' },
  where: { type: 'string', takes: '<json>', help: 'only those for which this condition is true' },
  compact: { type: 'boolean', help: 'of the past only the newest alteration of each atome' },
  end: { type: 'boolean', help: 'ends where the past ends' },
} as const;

export default command({
  name: 'tail',
  about: `Follows the changes of a running server, one event a line, and goes on where it was when the server was away. The seq that each
event has is the cursor for --since.`,
  flags: FLAGS,
  isEndless: true,
  failure: 'the server refuses it, or has another ledger than it had before',

  async run(call) {
    const { since } = call.values;
    if (since !== undefined && !/^\d{1,15}$/.test(since))
      throw new UsageError('--since: expected a seq, in digits alone');
    const place: Place = { since, epoch: await epochOf(call.values) };
    for (let isFirst = true; ; isFirst = false) {
      try {
        if (await follow(call, place)) return 0;
      } catch (error) {
        if (isFirst || !(error instanceof Away)) throw error;
      }
      process.stderr.write(`the connection has ended; it is made again behind ${place.since ?? 'now'}\n`);
      await setTimeout(AGAIN_MS);
    }
  },
});

/** Where somebody is in which ledger. */
interface Place {
  since: string | undefined;
  readonly epoch: string;
}

async function epochOf(server: RemoteCall): Promise<string> {
  const answer = await asked(server, '/sync/changes?limit=1', { accept: 'application/json' });
  return ((await answer.json()) as { epoch: string }).epoch;
}

/** Prints what comes until the connection ends; resolves with whether that is all. @throws Failure */
async function follow({ values, isJson, print }: Run<typeof FLAGS>, place: Place): Promise<boolean> {
  const { kinds, types, ids, parent: parentId, where, compact, end } = values;
  const given = { ...place, kinds, types, ids, parentId, where, compact: compact ? 'true' : undefined };
  const query = Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined);
  const path = `/sync/changes?${new URLSearchParams(query).toString()}`;
  const stop = new AbortController();
  const silence = globalThis.setTimeout(() => stop.abort(), SILENCE_MS);
  try {
    const answer = await asked(values, path, { accept: 'text/event-stream' }, stop.signal);
    for await (const { event, data } of eventsOf(answer)) {
      silence.refresh();
      if (event === 'sync:reset') throw new Failure(`the server says ${data}: begin with --since 0`);
      if (data === undefined) continue;
      const told = JSON.parse(data) as Told;
      place.since = String(told.seq);
      if (event === undefined) print(told, isJson ? '' : lineOf(told));
      else if (end) return true;
    }
  } catch (error) {
    // what is thrown by a connection that breaks, or is too long silent
    if (!(error instanceof TypeError) && !stop.signal.aborted) throw error;
  } finally {
    clearTimeout(silence);
    stop.abort();
  }
  return false;
}

interface Told {
  readonly type: string;
  readonly seq: number;
  readonly timestamp?: string;
  readonly atomeId?: string;
  readonly atome?: { readonly id: string };
}

function lineOf({ seq, timestamp = '', type, atomeId, atome }: Told): string {
  return `${seq}  ${timestamp}  ${type}  ${atomeId ?? atome?.id ?? ''}`;
}

/** @throws Away where a later call may be answered, Failure where none will. */
async function asked(server: RemoteCall, path: string, headers: Record<string, string>, signal?: AbortSignal) {
  const { answer, address } = await ask(server, path, { headers, ...(signal && { signal }) });
  if (answer.ok) return answer;
  const refused = refusal(address, answer, await answer.json().catch(() => undefined), 'no changes');
  throw answer.status >= 500 || answer.status === 429 ? new Away(refused.message) : refused;
}
