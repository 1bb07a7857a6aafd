import type { Statement } from '../database/tables.js';
import type { Delivery, DeliveryTransaction } from './consumer-options.js';
import { Overtaken, type HostTransactions } from './host-transactions.js';

interface About {
  readonly key: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** One event on its way to its handler, and what has become of it. */
export class EventDelivery implements Delivery {
  readonly key: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** Whether it is committed, with what the handler has written, that the event is handled. */
  isCommitted = false;
  isOvertaken = false;
  private begun: Promise<unknown> | undefined;
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
  async transaction<T>(work: (transaction: DeliveryTransaction) => Promise<T>): Promise<T> {
    if (this.isOver) throw new Error('the delivery is over: await its transaction in the handler');
    if (this.begun) throw new Error('there is one transaction for each delivery: do all of the work in it');
    const begun = this.transactions.run(this.handled, async (transaction) => work(transaction));
    this.begun = begun;
    try {
      const result = await begun;
      this.isCommitted = true;
      return result;
    } catch (error) {
      this.isOvertaken = error instanceof Overtaken;
      throw error;
    }
  }

  /** To be called when the handler has returned or thrown. A transaction that it has left alone is waited for. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.begun?.catch(() => undefined); // it has said so to the handler
  }
}
