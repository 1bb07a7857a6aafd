import { Injectable } from '@nestjs/common';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { AtomeError } from '../protocol/index.js';
import { Consumer, type ConsumerParts } from './consumer.js';
import type { ResolvedConsumer } from './consumer-options.js';
import type { ConsumerStatus, DeadLetter } from './consumer.store.js';

/** How often it is looked for what other processes have committed, at the least, in milliseconds. */
const LOOK_MS = 1_000;
/** How long the end waits for handlers, in milliseconds. */
const CLOSE_MS = 10_000;

/** Which dead letters. */
export interface LetterQuery {
  /** Of whose ledger. */
  readonly tenant: string;
  /** Only those behind this seq. */
  readonly after?: number;
  /** At most so many; default 100. */
  readonly limit?: number;
}

/** Which dead letters are decided on. */
export interface LetterChoice {
  /** Of whose ledger. */
  readonly tenant: string;
  /** The one of this alteration; left out: all of the tenant's. */
  readonly seq?: number | undefined;
}

/** What the service needs besides the consumers' own parts. */
export interface ConsumersParts extends ConsumerParts {
  readonly commits: Pick<LedgerWriter, 'onCommit'>;
  readonly close: () => Promise<void>;
  readonly pollMs: number;
}

/** The durable consumers of the application: how they stand, and what they have given up. */
@Injectable()
export class Consumers {
  private readonly byName = new Map<string, Consumer>();
  private timer: NodeJS.Timeout | undefined;
  private stopListening: (() => void) | undefined;
  private isStopped = false;

  constructor(private readonly parts: ConsumersParts) {}

  /** How each consumer stands in the ledger of a tenant. */
  list(tenant: string): Promise<ConsumerStatus[]> {
    return this.parts.store.list(tenant);
  }

  /** What a consumer has given up, in order of seq. @throws AtomeError `not_found` when there is no such consumer. */
  async deadLetters(name: string, { tenant, after = 0, limit = 100 }: LetterQuery): Promise<DeadLetter[]> {
    await this.requireKnown(name, tenant);
    return this.parts.store.deadLetters(name, tenant, after, limit);
  }

  /**
   * Has dead letters tried once more, within a second or so. @returns how many.
   * @throws AtomeError `not_found` when there is no such consumer, or letter.
   */
  retry(name: string, choice: LetterChoice): Promise<number> {
    return this.decide(name, choice, false);
  }

  /**
   * Forgets dead letters: they are never handled. @returns how many.
   * @throws AtomeError `not_found` when there is no such consumer, or letter.
   */
  skip(name: string, choice: LetterChoice): Promise<number> {
    return this.decide(name, choice, true);
  }

  /** @internal @throws Error for a second one of that name. */
  declare(consumer: ResolvedConsumer): void {
    const { name } = consumer;
    if (this.byName.has(name)) {
      throw new Error(
        `there are two handlers with consumer: '${name}': each needs a name of its own, which is that of its cursor`,
      );
    }
    this.byName.set(name, new Consumer(consumer, this.parts));
  }

  /** @internal Begins, where there is a consumer; what the database does not take now is tried again. */
  async start(): Promise<void> {
    if (this.byName.size === 0) return;
    this.stopListening = this.parts.commits.onCommit((tenant, committed) => {
      // code of the application's runs outside of the write path
      setImmediate(() => {
        for (const consumer of this.byName.values()) {
          if (committed.some((each) => consumer.takes(each))) consumer.wake(tenant);
        }
      });
    });
    await this.look();
  }

  /** @internal Waits for the handlers under way, and leaves the rest to whoever runs next. */
  async stop(): Promise<void> {
    if (this.isStopped || this.byName.size === 0) return;
    this.isStopped = true;
    clearTimeout(this.timer);
    this.stopListening?.();
    const consumers = [...this.byName.entries()];
    consumers.forEach(([, consumer]) => consumer.stop());
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([Promise.all(consumers.map(([, consumer]) => consumer.settled())), late]);
    clearTimeout(timer);
    for (const [name, consumer] of consumers) {
      const left = await consumer.release().catch(this.parts.onError);
      if (left) {
        this.parts.warn(`left ${name}`, `the consumer ${name} has not returned at the end: its event is told again`);
      }
    }
    await this.parts.close();
  }

  private async look(): Promise<void> {
    for (const consumer of this.byName.values()) await consumer.look().catch(this.parts.onError);
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.look(), Math.min(LOOK_MS, this.parts.pollMs));
  }

  private async decide(name: string, { tenant, seq }: LetterChoice, isSkipped: boolean): Promise<number> {
    await this.requireKnown(name, tenant);
    const count = await this.parts.store.decide(name, tenant, seq, isSkipped);
    if (seq !== undefined && count === 0) {
      throw new AtomeError('not_found', `the consumer "${name}" has no dead letter of seq ${seq}`);
    }
    if (!isSkipped) this.byName.get(name)?.wake(tenant);
    return count;
  }

  private async requireKnown(name: string, tenant: string): Promise<void> {
    const found = await this.parts.store.list(tenant, name);
    if (found.length === 0) throw new AtomeError('not_found', `there is no consumer "${name}"`);
  }
}
