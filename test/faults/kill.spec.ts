import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Atome } from '../../src/protocol/index.js';
import { audit, DATABASES, type Audit, type Database } from '../support/databases/databases.js';
import { NO_FAULTS, orderFaults, upTo } from '../support/feed/order.js';
import { ServerProcess } from '../support/server/process.js';
import { report } from '../support/report.js';
import { atomesOf, FollowingClient } from '../support/clients/following-client.js';
import { firstWrite, workload } from '../support/clients/workload.js';
import { RestWriter, SocketWriter, Tally, type Writer } from '../support/clients/writers.js';

/** How often each server is killed: few times here, 500 by hand (`KILLS=500 npm run jest -- test/faults/kill.spec.ts`). */
const CYCLES = Number(process.env.KILLS ?? 20);
/** Against a hang alone. */
const PATIENCE_MS = 300_000 + CYCLES * 10_000;

describe.each(DATABASES)('a server on %s, killed again and again while four clients write', (name, create) => {
  const tally = new Tally();
  const writers: Writer[] = [
    new SocketWriter(workload('w1'), tally),
    new SocketWriter(workload('w2'), tally),
    new RestWriter(workload('w3'), tally),
    new RestWriter(workload('w4'), tally),
  ];
  const follower = new FollowingClient();
  let database: Database;
  let server: ServerProcess | undefined;
  let state: Map<string, Atome>;
  let ledger: Audit;

  async function start(): Promise<number> {
    const began = performance.now();
    server = await ServerProcess.start({ DATABASE_URL: database.url, MESSAGES_PER_SECOND: '100000' });
    await server.api.get('/health/ready');
    return performance.now() - began;
  }

  function connectAll(): void {
    for (const client of [follower, ...writers]) client.connect(server!);
  }

  beforeAll(async () => {
    database = await create();
    await start();
    await server!.api.post('/api/sync/push', { operations: [firstWrite] });
    const readyMs: number[] = [];
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      connectAll();
      await tally.more(randomInt(40));
      await server!.kill('SIGKILL');
      readyMs.push(await start());
    }
    connectAll();
    await Promise.all(writers.map((writer) => writer.finish()));
    await follower.reached(Math.max(...writers.flatMap(({ acknowledged }) => [...acknowledged.values()])));
    state = await atomesOf(server!);
    await server!.kill('SIGTERM');
    ledger = await audit(database.url);
    readyMs.sort((a, b) => a - b);
    report(
      `${name}: ${CYCLES} kills, ${ledger.alterations.length} writes; ready again after ${ms(readyMs[Math.floor(CYCLES / 2)])} (median), ${ms(readyMs.at(-1))} (longest)`,
    );
  }, PATIENCE_MS);

  afterAll(async () => {
    for (const client of [follower, ...writers]) client.disconnect();
    await server?.kill('SIGKILL');
    await database.drop();
  });

  it('has every acknowledged write where it said it was', () => {
    const seqOf = new Map(ledger.alterations.map(({ opId, seq }) => [opId, seq]));
    const misplaced = writers.flatMap(({ acknowledged }) =>
      [...acknowledged].filter(([opId, seq]) => seqOf.get(opId) !== seq),
    );
    expect(misplaced).toEqual([]);
    expect(writers.flatMap(({ refused }) => refused)).toEqual([]);
  });

  it('has each write once, however often it was sent', () => {
    const opIds = ledger.alterations.map(({ opId }) => opId);
    expect(new Set(opIds).size).toBe(opIds.length);
    const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged.size, 0);
    expect(opIds).toHaveLength(acknowledged + 1);
  });

  it('has a dense and sound ledger', () => {
    expect(ledger.alterations.map(({ seq }) => seq)).toEqual(upTo(ledger.alterations.length));
    expect(ledger.result.fault).toBeUndefined();
  });

  it('showed each event once and in order to a reader that came back with its cursor', () => {
    expect(follower.applied).toEqual(ledger.alterations);
    const shown = follower.applied.map(({ seq }) => seq);
    expect(orderFaults(shown, upTo(ledger.alterations.length))).toEqual(NO_FAULTS);
    expect(follower.resets).toEqual([]);
  });

  it('led the reader to its own state', () => {
    expect(follower.atomes).toEqual(state);
  });
});

function ms(value: number | undefined): string {
  return `${Math.round(value ?? NaN)} ms`;
}
