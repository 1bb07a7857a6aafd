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

/** One event on its way to its handler, and what has become of it. */
export class EventDelivery implements Delivery {
  readonly key: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
  traceparent: string | undefined;
  /** Whether it is committed, with what the handler has written, that the event is handled. */
  isCommitted = false;
  isOvertaken = false;
  /** What has kept its transaction from beginning, whatever the handler has made of it. */
  notBegun: NotBegun | undefined;
  private begun: Noticed<unknown> | undefined;
  private isSettled = false;
  private isOver = false;

  /** @param handled says that the event is. */
  constructor(
    about: About,
    private readonly transactions: Pick<HostTransactions, 'run'>,
    private readonly handled: Statement,
  ) {
    this.key = about.key;
    this.attempt = about.attempt;
    this.signal = about.signal;
  }

  // not an arrow: an application may hand the delivery on, but not take it apart
  transaction<T>(work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    if (this.isOver) return refused('the delivery is over: await its transaction in the handler');
    if (this.begun) return refused('there is one transaction for each delivery: do all of the work in it');
    const begun = Noticed.of(this.run(work));
    this.begun = begun;
    return begun;
  }

  /** Tells the handler, and waits for a transaction that it has left alone. @returns what has failed. */
  async to(call: ConsumerCall, event: TenantEvent): Promise<{ readonly error: unknown } | undefined> {
    let failed: { readonly error: unknown } | undefined;
    try {
      await call(event, this);
    } catch (error) {
      failed = { error };
    }
    this.isOver = true;
    // what has ended before, and was asked for, the handler has made up its mind about
    if (this.isSettled && this.begun?.isNoticed) return failed;
    try {
      await this.begun;
    } catch (error) {
      failed ??= { error };
    }
    return failed;
  }

  private async run<T>(work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    try {
      const result = await this.transactions.run(this.handled, async (transaction) => work(transaction));
      this.isCommitted = true;
      return result;
    } catch (error) {
      this.isOvertaken = error instanceof Overtaken;
      if (error instanceof NotBegun) this.notBegun = error;
      throw error;
    } finally {
      this.isSettled = true;
    }
  }
}

function refused(why: string): Promise<never> {
  return Promise.reject(new Error(why));
}
