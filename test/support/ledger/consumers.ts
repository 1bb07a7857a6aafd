import { randomUUID } from 'node:crypto';
import type { ConsumerCall, ConsumerOptions } from '../../../src/consumers/consumer-options.js';
import { resolvedConsumer } from '../../../src/consumers/consumer-options.js';
import { ConsumerStore } from '../../../src/consumers/consumer.store.js';
import { ConsumerRunner } from '../../../src/consumers/consumer.runner.js';
import { Consumers } from '../../../src/consumers/consumers.js';
import { HostTransactions } from '../../../src/consumers/host-transactions.js';
import type { Tables } from '../../../src/database/tables.js';
import type { LedgerReaders } from '../../../src/ledger/read/ledger-readers.js';
import { StoreError } from '../../../src/ledger/store-error.js';
import type { LedgerStore } from '../../../src/ledger/store.js';
import type { LedgerWriter } from '../../../src/ledger/write/ledger-writer.js';

interface Over {
  readonly store: LedgerStore;
  readonly ledgers: LedgerReaders;
  readonly writer: Pick<LedgerWriter, 'onCommit'>;
}

/** A consumer that a spec starts and stops. */
export interface RunningConsumer {
  readonly consumers: Consumers;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A process as the database sees it, with one consumer; its lease is short, so that another takes over soon. */
export function consumerOn(
  over: Over,
  databaseUrl: string,
  options: ConsumerOptions,
  call: ConsumerCall,
): RunningConsumer {
  const tables = over.store as LedgerStore & Tables;
  const transactions = new HostTransactions({ databaseUrl, databaseSchema: undefined, dataSource: undefined }, tables);
  const rows = new ConsumerStore(tables, randomUUID());
  const runner = new ConsumerRunner({
    store: rows,
    transactions,
    page: (tenant, after, upTo = Number.MAX_SAFE_INTEGER) =>
      over.ledgers.of(tenant).knownPage(after, upTo, { chars: 4_096 }),
    now: () => performance.now(),
    leaseMs: 300,
    warn: () => undefined,
    onError: (error) => {
      // on a busy machine another process may have the lock of the file for long
      if (!(error instanceof StoreError)) throw error;
    },
    commits: over.writer,
    close: () => transactions.close(),
    pollMs: 10,
  });
  runner.declare(resolvedConsumer('the spec', options, call));
  return {
    start: () => runner.start(),
    stop: () => runner.stop(),
    consumers: new Consumers(rows, (lane) => runner.wake(lane)),
  };
}
