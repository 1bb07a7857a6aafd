import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, EntityManager } from 'typeorm';
import { inTime } from '../ledger/in-time.js';
import type { Outcome } from '../ledger/outcome.js';
import type { JoinedTransaction, LedgerStore } from '../ledger/store.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { PreparedMutation } from '../ledger/write/prepared-mutation.js';
import { AtomeError, type Limits } from '../protocol/index.js';
import type { AtomeWrites } from './atome-writes.js';
import type { Caller } from './caller.js';

/** How long an application may take in a transaction, in milliseconds: it may never end. */
const WORK_MS = 10_000;

/** The writes of a transaction, as long as it takes some. */
export class RecordedWrites {
  readonly mutations: PreparedMutation[] = [];
  private isOpen = true;

  constructor(private readonly most: number) {}

  get isClosed(): boolean {
    return !this.isOpen;
  }

  /** @throws AtomeError `too_large`; Error where the transaction is over. */
  add(mutation: PreparedMutation): void {
    if (!this.isOpen) throw new Error('the transaction is over: await all that it writes');
    if (this.mutations.length >= this.most) {
      throw new AtomeError('too_large', `a transaction takes at most ${this.most} writes of atomes`);
    }
    this.mutations.push(mutation);
  }

  close(): void {
    this.isOpen = false;
  }
}

/** What a transaction has come to. */
export interface Transacted<T> {
  readonly result: T;
  readonly outcomes: readonly Outcome[];
  /** It is a repetition: nothing was written again. */
  readonly isRepeated: boolean;
}

/** What transactions need of an application, and of the server. */
export interface TransactionOptions {
  /** Left out where there are no transactions. */
  readonly dataSource: DataSource | undefined;
  readonly limits: Limits;
  readonly workMs?: number;
}

/**
 * Writes to atomes together with rows of the application's. What it does runs first: the tenant is locked behind it, for
 * no longer than for any other group.
 */
export class Transactions {
  /** The transaction from within which something is called. */
  private readonly current = new AsyncLocalStorage<RecordedWrites>();

  constructor(
    private readonly store: LedgerStore,
    private readonly writer: LedgerWriter,
    private readonly writes: AtomeWrites,
    private readonly options: TransactionOptions,
  ) {}

  /** @throws Error within a transaction: it would wait for that, which waits for it, or be written though that is not. */
  requireOutside(): void {
    const current = this.current.getStore();
    if (!current || current.isClosed) return;
    throw new Error(
      'within transaction() write through what it is given, as in tx.create(): another write is no part of it, and may wait for its end',
    );
  }

  /** @throws what the work throws, or what refuses one of its writes: then nothing is written. */
  async run<T>(
    caller: Caller,
    work: (recorded: RecordedWrites, manager: EntityManager) => Promise<T>,
  ): Promise<Transacted<T>> {
    const { dataSource, limits } = this.options;
    if (!dataSource) {
      throw new Error(
        'transaction() needs the option dataSource: the DataSource of TypeORM that the application writes its rows through',
      );
    }
    const { tenant } = caller.principal;
    await this.writer.open(tenant);
    if (this.store.kind === 'sqlite') await this.writer.rested(caller.principal);
    const joined = await this.store.join(dataSource, tenant);
    const recorded = new RecordedWrites(limits.pushOperations);
    try {
      const result = await this.inTime(this.current.run(recorded, () => worked(recorded, joined, work)));
      const outcomes = await this.commit(recorded.mutations, caller, joined);
      return { result, outcomes, isRepeated: !joined.isCommitted };
    } finally {
      recorded.close();
      await joined.end();
    }
  }

  private inTime<T>(work: Promise<T>): Promise<T> {
    return inTime(work, this.options.workMs ?? WORK_MS, () => {
      throw new AtomeError(
        'unavailable',
        'the application took too long in a transaction; nothing was written, try again',
      );
    });
  }

  private async commit(
    mutations: readonly PreparedMutation[],
    caller: Caller,
    joined: JoinedTransaction,
  ): Promise<readonly Outcome[]> {
    if (mutations.length === 0) {
      await joined.commit(caller.principal.tenant, { atomeIds: [], ops: [] }, () => ({ additions: null }));
      return [];
    }
    const outcomes = await this.writes.submitAll(mutations, caller, joined);
    const refusals = outcomes.filter((each) => each instanceof AtomeError);
    if (refusals.length > 0) throw refusals.find(({ details }) => details?.refused === undefined) ?? refusals[0]!;
    return outcomes as readonly Outcome[];
  }
}

async function worked<T>(
  recorded: RecordedWrites,
  joined: JoinedTransaction,
  work: (recorded: RecordedWrites, manager: EntityManager) => Promise<T>,
): Promise<T> {
  const result = await work(recorded, joined.manager);
  recorded.close();
  await joined.seal();
  return result;
}
