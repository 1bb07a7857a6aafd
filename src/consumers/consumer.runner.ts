import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { Consumer, type ConsumerParts } from './consumer.js';
import type { ConsumerHost, ResolvedConsumer } from './consumer-options.js';

/** How often it is looked for what other processes have committed, at the least, in milliseconds. */
const LOOK_MS = 1_000;
/** How long the end waits for handlers, in milliseconds. */
const CLOSE_MS = 10_000;

/** What runs them needs besides the consumers' own parts. */
export interface RunnerParts extends ConsumerParts {
  readonly commits: Pick<LedgerWriter, 'onCommit'>;
  readonly close: () => Promise<void>;
  readonly pollMs: number;
}

/** Runs the durable consumers of this process. Where there is none, it does nothing. */
export class ConsumerRunner implements ConsumerHost {
  private readonly byName = new Map<string, Consumer>();
  private timer: NodeJS.Timeout | undefined;
  private stopListening: (() => void) | undefined;
  private isStopped = false;
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly parts: RunnerParts) {}

  declare(consumer: ResolvedConsumer): void {
    const { name } = consumer;
    if (this.byName.has(name)) {
      throw new Error(
        `there are two handlers with consumer: '${name}': each needs a name of its own, which is that of its cursor`,
      );
    }
    this.byName.set(name, new Consumer(consumer, this.parts));
  }

  /** Begins; what the database does not take now is tried again. */
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

  /** Waits for the handlers under way, and leaves the rest to whoever runs next. */
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
    // a look under way may take a lease, which is to be given back
    await Promise.race([Promise.all([this.looking, ...consumers.map(([, consumer]) => consumer.settled())]), late]);
    clearTimeout(timer);
    for (const [name, consumer] of consumers) {
      const left = await consumer.release().catch(this.parts.onError);
      if (left) {
        this.parts.warn(`left ${name}`, `the consumer ${name} has not returned at the end: its event is told again`);
      }
    }
    await this.parts.close();
  }

  /** There is something to do for a consumer. */
  wake(name: string, tenant: string): void {
    this.byName.get(name)?.wake(tenant);
  }

  private look(): Promise<void> {
    this.looking = this.lookAtAll();
    return this.looking;
  }

  private async lookAtAll(): Promise<void> {
    for (const consumer of this.byName.values()) {
      if (this.isStopped) return;
      await consumer.look().catch(this.parts.onError);
    }
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.look(), Math.min(LOOK_MS, this.parts.pollMs));
  }
}
