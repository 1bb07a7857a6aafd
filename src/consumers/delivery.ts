import type { Statement } from '../database/tables.js';
import type { ConsumerCall, Delivery, DeliveryTransaction, TenantEvent } from './consumer-options.js';
import { NotBegun, Overtaken, type HostTransactions } from './host-transactions.js';

interface About {
  readonly key: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** Knows whether anybody asks what becomes of it. Where nobody does, its failure does not end the process. */
class Noticed<T> extends Promise<T> {
  isNoticed = false;

  static of<T>(promise: Promise<T>): Noticed<T> {
    const noticed = new Noticed<T>((resolve) => resolve(promise));
    void noticed.catch(() => undefined);
    noticed.isNoticed = false;
    return noticed;
  }

  override then<A = T, B = never>(...answers: Parameters<Promise<T>['then']>): Promise<A | B> {
    this.isNoticed = true;
    return super.then(...answers) as Promise<A | B>;
  }
}

/** How the transaction of a delivery has ended; one that has not begun is told by what has kept it from that. */
export type TransactionEnd = 'committed' | 'overtaken' | 'failed' | NotBegun;

/** What has become of a delivery. */
export interface DeliveryOutcome {
  /** What the handler has failed with; undefined: nothing. */
  readonly failed: { readonly error: unknown } | undefined;
  /** With `committed`, it is in the database that the event is handled, too; undefined: the handler wanted no transaction. */
  readonly transaction: TransactionEnd | undefined;
}

/** The transaction that a handler may have, in which it is said that the event is handled. */
class OneTransaction {
  end: TransactionEnd | undefined;
  private begun: Noticed<unknown> | undefined;

  constructor(
    private readonly transactions: Pick<HostTransactions, 'run'>,
    private readonly handled: Statement,
  ) {}

  begin<T>(work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    if (this.begun) return refused('there is one transaction for each delivery: do all of the work in it');
    const begun = Noticed.of(this.run(work));
    this.begun = begun;
    return begun;
  }

  /** Waits for it where the handler has left it alone. @returns what it has failed with, as far as the handler has not seen it. */
  async left(): Promise<DeliveryOutcome['failed']> {
    // what has ended before, and was asked for, the handler has made up its mind about
    if (this.end !== undefined && this.begun?.isNoticed) return undefined;
    try {
      await this.begun;
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  private async run<T>(work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    try {
      const result = await this.transactions.run(this.handled, async (transaction) => work(transaction));
      this.end = 'committed';
      return result;
    } catch (error) {
      this.end = error instanceof NotBegun ? error : error instanceof Overtaken ? 'overtaken' : 'failed';
      throw error;
    }
  }
}

/** One event on its way to its handler. */
export class EventDelivery implements Delivery {
  readonly key: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
  traceparent: string | undefined;
  private readonly own: OneTransaction;
  private isOver = false;

  /** @param handled says that the event is. */
  constructor(about: About, transactions: Pick<HostTransactions, 'run'>, handled: Statement) {
    this.key = about.key;
    this.attempt = about.attempt;
    this.signal = about.signal;
    this.own = new OneTransaction(transactions, handled);
  }

  // not an arrow: an application may hand the delivery on, but not take it apart
  transaction<T>(work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    if (this.isOver) return refused('the delivery is over: await its transaction in the handler');
    return this.own.begin(work);
  }

  /** Tells the handler, and waits for a transaction that it has left alone. */
  async to(call: ConsumerCall, event: TenantEvent): Promise<DeliveryOutcome> {
    let failed: DeliveryOutcome['failed'];
    try {
      await call(event, this);
    } catch (error) {
      failed = { error };
    }
    this.isOver = true;
    const left = await this.own.left();
    return { failed: failed ?? left, transaction: this.own.end };
  }
}

function refused(why: string): Promise<never> {
  return Promise.reject(new Error(why));
}
