import { backoffMs, type Backoff } from '../connection/backoff.js';
import type { Timer } from '../connection/timer.js';
import { SyncError, toError } from '../errors.js';
import { takeSnapshot, type Snapshot, type SnapshotRequest } from './snapshot.js';

/** What a loader is made of. */
export interface LoaderParts {
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly random: () => number;
}

/** Whom a loader works for. */
export interface LoaderPort {
  /** @param renew the last token was refused. */
  request(renew: boolean): Promise<Omit<SnapshotRequest, 'fetch' | 'signal'>>;
  loaded(snapshot: Snapshot): void;
  failed(error: Error): void;
}

const REPEAT: Backoff = { firstMs: 1_000, maxMs: 30_000, attempts: Infinity };

/** Takes one snapshot, and tries until it has it. */
export class Loader {
  private running: AbortController | undefined;
  private failures = 0;
  private renew = false;

  constructor(
    private readonly parts: LoaderParts,
    private readonly timer: Timer,
    private readonly port: LoaderPort,
  ) {}

  /** Does nothing while it is at it. */
  start(): void {
    if (this.running) return;
    this.running = new AbortController();
    void this.load(this.running.signal);
  }

  stop(): void {
    this.timer.stop();
    this.running?.abort();
    this.running = undefined;
  }

  private async load(signal: AbortSignal): Promise<void> {
    try {
      const { fetch = globalThis.fetch } = this.parts;
      const snapshot = await takeSnapshot({ ...(await this.port.request(this.renew)), fetch, signal });
      if (signal.aborted) return;
      this.stop();
      this.failures = 0;
      this.renew = false;
      this.port.loaded(snapshot);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toError(thrown);
      this.renew = error instanceof SyncError && error.code === 'unauthenticated';
      this.port.failed(error);
      this.timer.start(backoffMs(this.failures++, REPEAT, this.parts.random()), () => void this.load(signal));
    }
  }
}
