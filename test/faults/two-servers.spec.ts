import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Api } from '../support/clients/api.js';
import { audit } from '../support/databases/databases.js';
import { NO_FAULTS, orderFaults, upTo, type OrderFaults } from '../support/feed/order.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { ServerProcess } from '../support/server/process.js';
import { report } from '../support/report.js';
import { FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { SocketWriter } from '../support/clients/writers.js';

const WRITERS = 8;
const READERS = 4;
/** Against a hang alone. */
const PATIENCE_MS = 300_000;

let database: TestDatabase;
let admin: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  admin = await connect();
  await admin.query(`CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF random() < 0.1 THEN PERFORM pg_sleep(random() * 0.005); END IF; RETURN NULL; END'`);
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client;
}

/** Lets some inserts into a table take their time, and some of their commits too. */
async function delayInserts(table: string): Promise<void> {
  await admin.query(`CREATE TRIGGER pause_at_insert AFTER INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION pause()`);
  await admin.query(`CREATE CONSTRAINT TRIGGER pause_at_commit AFTER INSERT ON ${table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pause()`);
}

describe('two servers on one PostgreSQL, with eight writers and pauses inside the database', () => {
  const WRITES = 10_000;
  const LAST = WRITES + 1;
  const tails = [new FollowingClient(), new FollowingClient()];
  const polled: number[][] = [];
  const servers: ServerProcess[] = [];
  const writers = Array.from({ length: WRITERS }, (_, n) => {
    return new SocketWriter(workload(`w${n}`, WRITES / WRITERS), undefined, 16);
  });

  beforeAll(async () => {
    for (let node = 0; node < 2; node += 1) {
      servers.push(
        await ServerProcess.start({
          DATABASE_URL: database.url,
          MESSAGES_PER_SECOND: '100000',
          HEAD_POLL_MS: '50',
        }),
      );
    }
    await delayInserts('atome.alterations');
    await servers[0]!.api.post('/api/sync/push', { operations: [firstWrite] });
    const began = performance.now();
    tails.forEach((follower, node) => follower.connect(servers[node]!));
    const polls = servers.map(({ api }) => poll(api, LAST));
    writers.forEach((writer, n) => writer.connect(servers[n % 2]!));
    await Promise.all(writers.map((writer) => writer.finished()));
    await Promise.all(tails.map((follower) => follower.reached(LAST)));
    polled.push(...(await Promise.all(polls)));
    report(`two servers: ${WRITES} writes in ${Math.round(performance.now() - began)} ms`);
  }, PATIENCE_MS);
  afterAll(async () => {
    for (const client of [...tails, ...writers]) client.disconnect();
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
  });

  it('show every reader all events in order and once', () => {
    const shown = [...tails.map(({ applied }) => applied.map(({ seq }) => seq)), ...polled];
    expect(shown.map((each) => orderFaults(each, upTo(LAST)))).toEqual(Array(READERS).fill(NO_FAULTS));
    expect(tails.map(({ detours, resets }) => [detours, resets.length])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('lead the readers of both to one state', () => {
    expect(tails[0]!.atomes).toEqual(tails[1]!.atomes);
  });

  it('have written one dense and sound ledger, each write once', async () => {
    const { alterations, result } = await audit(database.url);
    expect(result).toMatchObject({ fault: undefined, alterations: LAST });
    expect(writers.flatMap(({ refused }) => refused)).toEqual([]);
    const acknowledged = writers.flatMap((writer) => [...writer.acknowledged.keys()]);
    expect(alterations.map(({ opId }) => opId).sort()).toEqual([firstWrite.opId, ...acknowledged].sort());
  });
});

/** The same question to a feed that takes its places from a sequence: the answer must be another one. */
describe('a feed that is numbered by bigserial, with the same writers and pauses', () => {
  const WRITES = 2_000;

  it('skips events', async () => {
    await admin.query('CREATE TABLE numbered (id bigserial PRIMARY KEY)');
    await delayInserts('numbered');
    const progress = { written: false };
    const readers = Array.from({ length: READERS }, () => pollTable(progress));
    await Promise.all(Array.from({ length: WRITERS }, () => insertRows(WRITES / WRITERS)));
    progress.written = true;
    const shown = await Promise.all(readers);
    const { rows } = await admin.query<{ id: string }>('SELECT id FROM numbered');
    const all = rows.map(({ id }) => Number(id));
    const faults = shown.map((each) => orderFaults(each, all));
    report(`bigserial: ${skippedBy(faults).join(', ')} of ${WRITES} skipped by its four readers`);
    expect(Math.max(...skippedBy(faults))).toBeGreaterThan(0);
  });
});

function skippedBy(faults: readonly OrderFaults[]): number[] {
  return faults.map(({ skipped }) => skipped);
}

/** Reads the changes page by page from a cursor, waiting for more, up to a seq. */
async function poll(api: Api, last: number): Promise<number[]> {
  const shown: number[] = [];
  for (let since = 0; since < last;) {
    const { body } = await api.get(`/api/sync/changes?since=${since}&limit=500&wait=10`);
    shown.push(...(body.events as { seq: number }[]).map(({ seq }) => seq));
    since = Number(body.to);
  }
  return shown;
}

async function pollTable(progress: { readonly written: boolean }): Promise<number[]> {
  const client = await connect();
  const shown: number[] = [];
  for (let last = false; !last;) {
    last = progress.written;
    const { rows } = await client.query<{ id: string }>('SELECT id FROM numbered WHERE id > $1 ORDER BY id', [
      shown.at(-1) ?? 0,
    ]);
    shown.push(...rows.map(({ id }) => Number(id)));
  }
  await client.end();
  return shown;
}

async function insertRows(count: number): Promise<void> {
  const client = await connect();
  for (let n = 0; n < count; n += 1) await client.query('INSERT INTO numbered DEFAULT VALUES');
  await client.end();
}
