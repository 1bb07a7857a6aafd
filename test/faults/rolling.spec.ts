import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, memoryStore, type Client } from '../../client/src/index.js';
import { audit } from '../support/databases/databases.js';
import { createDatabase, type TestDatabase } from '../support/databases/postgres.js';
import { NO_FAULTS, orderFaults, upTo } from '../support/feed/order.js';
import { Balancer } from '../support/server/balancer.js';
import { ServerProcess } from '../support/server/process.js';
import { FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { RestWriter, SocketWriter, Tally } from '../support/clients/writers.js';

const NODES = 3;
/** Minutes that it takes; without, each is drained once and one killed. */
const MINUTES = Number(process.env.ROLLING_MINUTES ?? 0);
/** Writes before and behind each end of a server. */
const WRITES = 50;
const PATIENCE_MS = 120_000 + MINUTES * 60_000;

describe('three servers behind a balancer, drained and killed in turn under load', () => {
  const tally = new Tally();
  const socketWriters = [1, 2].map((n) => new SocketWriter(workload(`socket${n}`), tally));
  const restWriters = [1, 2].map((n) => new RestWriter(workload(`rest${n}`), tally));
  const writers = [...socketWriters, ...restWriters];
  const followers = [1, 2].map(() => new FollowingClient());
  const clients: Client[] = [];
  const errors: string[] = [];
  const failures: Record<'drained' | 'killed', string[]> = { drained: [], killed: [] };
  const codes: (number | null)[] = [];
  const servers: ServerProcess[] = [];
  let now: keyof typeof failures = 'drained';
  let database: TestDatabase;
  let balancer: Balancer;
  let last: number;
  let rounds = 0;

  async function start(): Promise<ServerProcess> {
    const server = await ServerProcess.start({
      DATABASE_URL: database.url,
      // no more than the machine of a test has to spare
      MESSAGES_PER_SECOND: '50',
      DRAIN_DELAY_MS: '1500',
    });
    await balancer.add(server.url);
    return server;
  }

  async function replace(node: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    now = signal === 'SIGTERM' ? 'drained' : 'killed';
    const server = servers[node]!;
    const next = start();
    await tally.more(WRITES);
    const code = await server.kill(signal);
    if (signal === 'SIGTERM') codes.push(code);
    balancer.remove(server.url);
    // whose connection broke tries again while this is still called a kill
    await tally.more(WRITES);
    servers[node] = await next;
  }

  /** A client of the SDK that writes for as long as it may, and minds nothing. */
  async function write(client: Client, n: number): Promise<void> {
    for (let count = 0; !isOver; count += 1) {
      const { opId } = await client.create({ id: `sdk${n}-${count}`, kind: 'note', data: { n, count } });
      sdkWrites.add(opId);
      await tally.more(20);
    }
  }
  let isOver = false;
  const sdkWrites = new Set<string>();

  beforeAll(async () => {
    database = await createDatabase();
    balancer = await Balancer.start();
    servers.push(...(await Promise.all(Array.from({ length: NODES }, start))));
    await servers[0]!.api.post('/api/sync/push', { operations: [firstWrite] });
    for (const client of [...followers, ...writers]) {
      client.lost = () => client.connect(balancer);
      client.connect(balancer);
    }
    for (const writer of writers) writer.failed = (why) => failures[now].push(why);
    for (let n = 0; n < 2; n += 1) {
      const client = createClient({ url: balancer.url, store: memoryStore() });
      client.on('sync:error', ({ error }) => errors.push(error.message));
      clients.push(client);
    }
    const writing = clients.map(write);
    const killed = MINUTES > 0 ? NODES : 1;
    const until = performance.now() + MINUTES * 60_000;
    do {
      for (let node = 0; node < NODES; node += 1) await replace(node, 'SIGTERM');
      for (let node = 0; node < killed; node += 1) await replace(node, 'SIGKILL');
      rounds += 1;
    } while (performance.now() < until);
    isOver = true;
    await Promise.all(writing);
    await Promise.all(writers.map((writer) => writer.finish()));
    await Promise.all(clients.map((client) => client.flush()));
    last = Number((await servers[0]!.api.create()).seq);
    await Promise.all(followers.map((follower) => follower.reached(last)));
  }, PATIENCE_MS);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    for (const client of [...followers, ...writers]) client.disconnect();
    balancer.close();
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
    await database.drop();
  });

  it('refuse and break off no write when they drain, and end with 0', () => {
    expect(failures.drained).toEqual([]);
    expect(writers.flatMap(({ refused }) => refused)).toEqual([]);
    expect(codes).toEqual(Array(NODES * rounds).fill(0));
  });

  it('have each acknowledged write once, and no other, in one sound ledger', async () => {
    const { alterations, result } = await audit(database.url);
    expect(result).toMatchObject({ fault: undefined, alterations: last });
    const acknowledged = writers.flatMap((writer) => [...writer.acknowledged.keys()]);
    const opIds = alterations.map(({ opId }) => opId).slice(0, -1);
    expect(opIds.sort()).toEqual(['first', ...acknowledged, ...sdkWrites].sort());
  });

  it('show readers that move between them each event once and in order', () => {
    const seen = followers.map(({ applied }) => applied.map(({ seq }) => seq));
    expect(seen.map((each) => orderFaults(each, upTo(last)))).toEqual(Array(followers.length).fill(NO_FAULTS));
    expect(followers.flatMap(({ resets }) => resets)).toEqual([]);
  });

  it('are followed by the SDK, which gives no write up', async () => {
    expect(await Promise.all(clients.map((client) => client.rejected()))).toEqual([[], []]);
  });
});
