import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import { Consumer, type ConsumerParts } from './consumer.js';
import type { ConsumerHost, ResolvedConsumer } from './consumer-options.js';
import type { ConsumerStore } from './consumer.store.js';
import type { LaneName, Lanes } from './lane.js';
import { TenantLanes } from './tenant-lanes.js';

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
  private isStarted = false;
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
    this.add(new TenantLanes(consumer, this.parts.store), this.parts.store);
  }

  /** Runs lanes that are not handlers of the application, from now on. */
  add(lanes: Lanes, store: ConsumerStore): void {
    if (this.isStopped || this.byName.has(lanes.name)) return;
    this.byName.set(lanes.name, new Consumer(lanes, { ...this.parts, store }));
    if (this.isStarted && !this.stopListening) void this.begin();
  }

  /** Begins; what the database does not take now is tried again. */
  async start(): Promise<void> {
    this.isStarted = true;
    if (this.byName.size > 0 && !this.stopListening) await this.begin();
  }

  private begin(): Promise<void> {
    this.stopListening = this.parts.commits.onCommit((tenant, committed) => {
      // code of the application's runs outside of the write path
      setImmediate(() => {
        for (const consumer of this.byName.values()) consumer.hear(tenant, committed);
      });
    });
    return this.look();
  }

  /** Waits for the handlers under way, and leaves the rest to whoever runs next. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    if (this.byName.size === 0) return;
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

  /** There is something to do on a lane, of the consumer of that name unless another is said. */
  wake(lane: LaneName, consumer = lane.name): void {
    this.byName.get(consumer)?.wake(lane);
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
