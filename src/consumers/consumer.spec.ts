import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFile, type Database } from '../../test/support/databases/databases.js';
import { Gate } from '../../test/support/gate.js';
import { by, create, openLedger, type TestLedger } from '../../test/support/ledger/ledger.js';
import type { Tables } from '../database/tables.js';
import type { LedgerStore } from '../ledger/store.js';
import { openStore } from '../ledger/stores/open-store.js';
import { resolvedConsumer, type ConsumerCall, type Delivery } from './consumer-options.js';
import { ConsumerRunner } from './consumer.runner.js';
import { ConsumerStore } from './consumer.store.js';
import { HostTransactions } from './host-transactions.js';

describe('a durable consumer', () => {
  let database: Database;
  let ledger: TestLedger;
  let tables: LedgerStore & Tables;
  let warned: string[];
  beforeEach(async () => {
    database = createFile();
    tables = await openStore(database.url);
    ledger = await openLedger(tables);
    warned = [];
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
  });
  const write = (tenant: string, id: string): Promise<unknown> =>
    ledger.writer.submit(tenant, create(id), {
      principal: { ...by('somebody').principal, tenant },
      sourceClient: null,
    });

  function runnerOf(
    store: ConsumerStore,
    call: ConsumerCall,
    apart: Tables['apart'] = (work) => work(),
    now = () => performance.now(),
  ): ConsumerRunner {
    const place = { databaseUrl: database.url, databaseSchema: undefined, dataSource: undefined };
    const transactions = new HostTransactions(place, { apart });
    const runner = new ConsumerRunner({
      store,
      transactions,
      page: (tenant, after, upTo = Number.MAX_SAFE_INTEGER) =>
        ledger.ledgers.of(tenant).knownPage(after, upTo, { chars: 4_096 }),
      now,
      leaseMs: 60_000,
      warn: (_cause, line) => void warned.push(line),
      onError: (error) => {
        throw error;
      },
      commits: ledger.writer,
      close: () => transactions.close(),
      pollMs: 10,
    });
    runner.declare(resolvedConsumer('the spec', { consumer: 'c', from: 'start', attempts: 2, backoffMs: 1 }, call));
    return runner;
  }

  it('that is stopped while it takes its lease tells nothing more, and gives the lease back', async () => {
    const gate = new Gate();
    class Slow extends ConsumerStore {
      override async lease(name: string, ttlMs: number): Promise<boolean> {
        await gate.pass();
        return super.lease(name, ttlMs);
      }
    }
    const store = new Slow(tables, 'one');
    const told: unknown[] = [];
    const runner = runnerOf(store, (event) => void told.push(event));
    await write('t', 'a');
    const started = runner.start();
    await gate.reached;
    const stopped = runner.stop();
    gate.open();
    await Promise.all([started, stopped]);
    expect(await store.list('t')).toEqual([expect.objectContaining({ isRunning: false, lag: 1 })]);
    expect(told).toEqual([]);
  });

  it('does not count what keeps a transaction from beginning, and says what it is', async () => {
    let busy = 4;
    const apart: Tables['apart'] = async (work) => {
      busy -= 1;
      if (busy >= 0) throw new Error('the turn is not free');
      return work();
    };
    const attempts: number[] = [];
    const done = new Gate();
    const store = new ConsumerStore(tables, 'one');
    const runner = runnerOf(
      store,
      async (_event, delivery) => {
        attempts.push(delivery.attempt);
        const running = delivery.transaction(async () => void done.pass());
        // who catches it has not handled the event
        await (busy % 2 === 0 ? running : running.catch(() => undefined));
      },
      apart,
    );
    await write('t', 'a');
    await runner.start();
    await done.reached;
    await runner.stop();
    expect(attempts).toEqual([1, 1, 1, 1, 1]);
    expect(await store.list('t')).toEqual([expect.objectContaining({ lag: 0, deadLetters: 0, attempts: 0 })]);
    expect(warned).toHaveLength(4);
    expect(warned[0]).toContain('the turn is not free');
  });

  it('is told what is in order between dead letters that take long', async () => {
    const [dead, held, ended] = [new Gate(), new Gate(), new Gate()];
    let isRetried = false;
    let ahead = 0;
    const told: number[] = [];
    const store = new ConsumerStore(tables, 'one');
    const call: ConsumerCall = async ({ seq }) => {
      if (seq === 4) return void dead.pass();
      if (!isRetried) throw new Error('no');
      if (seq === 1) await held.pass();
      told.push(seq);
      ahead += 2_000;
      if (told.length === 4) void ended.pass();
    };
    const runner = runnerOf(store, call, undefined, () => performance.now() + ahead);
    for (const id of ['a', 'b', 'c', 'd']) await write('t', id);
    await runner.start();
    await dead.reached;
    isRetried = true;
    await store.decide('c', { tenant: 't' }, false);
    runner.wake({ name: 'c', tenant: 't' });
    await held.reached;
    await write('t', 'e');
    held.open();
    await ended.reached;
    await runner.stop();
    expect(told).toEqual([1, 5, 2, 3]);
  });

  it('goes on with other tenants when a dead letter is skipped while it is tried again', async () => {
    const [retried, other, ended] = [new Gate(), new Gate(), new Gate()];
    let isRetried = false;
    let delivery: Delivery | undefined;
    const dead = new Gate();
    const store = new ConsumerStore(tables, 'one');
    const runner = runnerOf(store, async (event, told) => {
      if (event.seq === 2) return void (event.tenant === 't' ? (isRetried ? ended : dead) : undefined)?.pass();
      if (event.seq === 3) return void ended.pass();
      if (event.tenant === 'other') {
        delivery = told;
        return other.pass();
      }
      if (!isRetried) throw new Error('no');
      return retried.pass();
    });
    await runner.start();
    await write('t', 'a');
    await write('t', 'b');
    await dead.reached;
    isRetried = true;
    await write('other', 'a');
    await other.reached;
    await store.decide('c', { tenant: 't' }, false);
    runner.wake({ name: 'c', tenant: 't' });
    await retried.reached;
    await store.decide('c', { tenant: 't' }, true);
    retried.open();
    await write('t', 'c');
    await ended.reached;
    expect(delivery?.signal.aborted).toBe(false);
    other.open();
    await runner.stop();
  });
});
