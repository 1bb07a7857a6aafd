import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { audit, type Audit } from '../support/databases/databases.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { RestWriter, SocketWriter, Tally } from '../support/clients/writers.js';
import { ServerProcess } from '../support/server/process.js';

/** The processes that one has started, oldest first. */
function childrenOf({ child: { pid } }: ServerProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).map(Number);
}

async function metricsOf(server: ServerProcess): Promise<string> {
  return (await fetch(/metrics (\S+)/.exec(server.output.join(''))![1]!)).text();
}

/** What a server has counted, by series; some gauges are named as if they were counters. */
async function countsOf(server: ServerProcess): Promise<Map<string, number>> {
  const counts = /^((?!nodejs_active)(?:\w+_(?:total|count|sum|bucket))(?:\{.*\})?) (\S+)$/gm;
  return new Map([...(await metricsOf(server)).matchAll(counts)].map(([, series, value]) => [series!, Number(value)]));
}

describe('a server of two processes, one of which is killed in the middle of a flood', () => {
  const tally = new Tally();
  const writers = [
    ...[1, 2, 3].map((n) => new SocketWriter(workload(`socket${n}`), tally)),
    ...[1, 2].map((n) => new RestWriter(workload(`rest${n}`), tally)),
  ];
  const followers = [1, 2, 3, 4].map(() => new FollowingClient());
  const clients = [...writers, ...followers];
  let database: TestDatabase;
  let server: ServerProcess;
  let before: number[];
  let after: number[];
  let counted: Map<string, number>[];
  let metrics: string;
  let code: number | null;
  let ledger: Audit;

  beforeAll(async () => {
    database = await createDatabase();
    server = await ServerProcess.start({
      ...{
        DATABASE_URL: database.url,
        WORKERS: '2',
        METRICS_PORT: '0',
        MESSAGES_PER_SECOND: '100000',
        LOG_LEVEL: 'info',
      },
    });
    await server.api.post('/api/sync/push', { operations: [firstWrite] });
    before = childrenOf(server);
    for (const client of clients) {
      client.lost = () => client.connect(server);
      client.connect(server);
    }
    await tally.more(500);
    counted = [await countsOf(server)];
    process.kill(before[0]!, 'SIGKILL');
    await server.says('has ended by SIGKILL');
    counted.push(await countsOf(server));
    await server.says('listens in its place');
    await tally.more(1_000);
    await Promise.all(writers.map((writer) => writer.finish()));
    const head = writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 1);
    await Promise.all(followers.map((follower) => follower.reached(head)));
    after = childrenOf(server);
    metrics = await metricsOf(server);
    for (const client of clients) client.lost = () => undefined;
    code = await server.kill('SIGTERM');
    ledger = await audit(database.url);
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.kill('SIGKILL');
    await database.drop();
  });

  it('has acknowledged all that it has committed, once, and committed all that it has acknowledged', () => {
    const acknowledged = writers.flatMap((writer) => [...writer.acknowledged.keys()]);
    expect(ledger.alterations.map(({ opId }) => opId).sort()).toEqual(['first', ...acknowledged].sort());
    expect(ledger.result.fault).toBeUndefined();
    expect(writers.flatMap(({ refused }) => refused)).toEqual([]);
  });

  it('has told everybody everything, once and in order, whichever process they were at', () => {
    for (const { applied } of followers) expect(applied).toEqual(ledger.alterations);
  });

  it('has another process in the place of that which was killed, and says so', () => {
    expect(after).toHaveLength(2);
    expect(after).not.toContain(before[0]);
    expect(after).toContain(before[1]);
    expect(server.output.join('')).toContain(`process ${before[0]} of the server has ended by SIGKILL`);
  });

  it('measures them as one', () => {
    expect(metrics).toMatch(/^atome_sync_info\{version="[^"]+"\} 2$/m);
    expect(metrics).toContain('\natome_sync_database_up 1\n');
    expect(metrics).toContain(`\natome_sync_ledger_alterations ${ledger.alterations.length}\n`);
  });

  it('counts on where the one that was killed had come to', () => {
    const [before, after] = counted;
    expect(before!.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect([...before!].filter(([series, value]) => !(after!.get(series)! >= value))).toEqual([]);
  });

  it('finishes what both have accepted, when it is told to stop', () => {
    expect(code).toBe(0);
    expect(server.output.join('').match(/finishing what was accepted/g)).toHaveLength(1);
    expect(server.output.join('')).not.toContain('DeprecationWarning');
  });
});

describe('a server of several processes', () => {
  const MANY = { WORKERS: '2', PORT: '0' };

  it.each([
    ['on SQLite', { DATABASE_URL: 'sqlite::memory:' }, 'WORKERS=2: needs DATABASE_URL=postgres://'],
    [
      'below another server',
      { DATABASE_URL: 'postgres://h/d', UPSTREAM: 'wss://core.example' },
      'WORKERS=2: not together with UPSTREAM',
    ],
    [
      'with metrics at its own port',
      { DATABASE_URL: 'postgres://h/d', PORT: '3999', METRICS_PORT: '3999' },
      'WORKERS=2: METRICS_PORT=3999 would show one of them',
    ],
  ])('is refused %s', async (_, settings, sentence) => {
    const { code, output } = await ServerProcess.fail({ ...MANY, ...settings });
    expect([code, output]).toEqual([78, expect.stringContaining(sentence)]);
  });

  it('says once why it cannot start', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/none';
    const { code, output } = await ServerProcess.fail({ ...MANY, DATABASE_URL: url });
    expect(code).toBe(1);
    expect(output.match(/cannot run/g)).toHaveLength(1);
  });
});
