import type { Atome, Client, RejectedWrite } from '../../../client/src/index.js';
import { inTime } from '../../../client/src/core/timer.js';
import { Api } from '../clients/api.js';
import { next } from '../clients/offline.js';
import { tokenOf } from '../server/tokens.js';
import { rowsOf, type ChaosBooks } from './chaos-books.js';
import { USERS, type ChaosSeat, type User } from './chaos-seat.js';
import type { ChaosServer } from './chaos-server.js';
import { difference, imbalance, stateOf, type State } from './chaos-state.js';
import { ACCOUNTS } from './chaos-writes.js';

/** For what hangs: how long anything may take at the end, in milliseconds. */
const PATIENCE_MS = 60_000;

interface AuditParts {
  readonly seats: readonly ChaosSeat[];
  readonly books: ChaosBooks;
  readonly server: ChaosServer;
  /** Of the server's database. */
  readonly file: string;
  readonly trace: (line: string) => void;
}

/** When all is well again: has everybody send what they have, and compares. */
export async function audit(parts: AuditParts): Promise<{ wrong: string[]; summary: string }> {
  const { seats, books, server, file, trace } = parts;
  const wrong: string[] = [];
  const within = async (what: string, wait: Promise<unknown>): Promise<void> => {
    const done = wait.then(
      () => true,
      (error: unknown) => wrong.push(`${what}: ${String(error)}`) > 0,
    );
    if (!(await inTime(done, PATIENCE_MS))) wrong.push(`${what} has hung`);
  };
  const each = (what: string, wait: (seat: ChaosSeat) => Promise<unknown>): Promise<unknown> =>
    Promise.all(seats.map((seat) => within(`${seat.name} ${what}`, wait(seat))));
  const change = async (user: User): Promise<void> => {
    await each('close', (seat) => seat.close());
    seats.forEach((seat) => seat.open(user));
  };

  await each('flush', ({ client }) => client.flush());
  for (const user of USERS) {
    await change(user);
    await each('flush', ({ client }) => client.flush());
  }
  const rows = rowsOf(file);
  for (const { seq, timestamp, operation, atomeId, opId } of rows)
    trace(`row ${seq} of ${timestamp.slice(11)}: ${operation} ${atomeId} ${opId}`);
  const rejected: RejectedWrite[] = [];
  for (const user of USERS) {
    await change(user);
    await each('waitFor', ({ client }) => client.waitFor(rows.length));
    await each('live', async ({ client }) => {
      if (client.status().state !== 'live') await next(client, 'sync:status', ({ state }) => state === 'live');
    });
    const inboxes = new Map<object, readonly RejectedWrite[]>();
    const expected = await stateFor(await server.url(), user);
    for (const seat of seats) {
      wrong.push(...difference(seat.name, expected, await shownBy(seat.client)), ...(await seat.wrongQueries()));
      wrong.push(...imbalance(seat.name, rows, await seat.client.list({ ids: ACCOUNTS })));
      const { pending, state } = seat.client.status();
      if (pending > 0 || state !== 'live') wrong.push(`${seat.name} is ${state}, with ${pending} pending`);
      const refused = await seat.client.rejected();
      const other = inboxes.get(seat.home);
      if (!other) rejected.push(...refused);
      else if (opIdsOf(other) !== opIdsOf(refused)) wrong.push(`${seat.name} has other rejected writes than its tabs`);
      inboxes.set(seat.home, refused);
    }
  }
  if (rowsOf(file).length > rows.length) wrong.push('something was written after all was said to be');
  wrong.push(...books.audit(rows, rejected));
  return { wrong, summary: books.summary(rows, rejected) };
}

const opIdsOf = (all: readonly RejectedWrite[]): string => all.map(({ operation }) => operation.opId).join();

async function shownBy(client: Client): Promise<State> {
  return stateOf(await client.list());
}

/** What a user sees of a server. */
async function stateFor(url: string, user: User): Promise<State> {
  const api = new Api(url).as(tokenOf('writer', { sub: user }));
  const atomes: Atome[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await api.get(`/api/atome/list?sortBy=id&limit=500${cursor && `&cursor=${cursor}`}`);
    const page = body as { data: Atome[]; nextCursor: string | null };
    atomes.push(...page.data);
    cursor = page.nextCursor;
  }
  return stateOf(atomes);
}
