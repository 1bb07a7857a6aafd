import type { TimedQuery } from './postgres.client.js';
import type { ConnectionPool } from './postgres.pools.js';

/** How often a replica is asked whether it is there while others wait for it, and how long it has to say so, in milliseconds. */
const BEAT_MS = 200;

/** Asks a replica over a connection apart whether it is there, as long as somebody waits for what takes long. */
export class ReplicaPulse {
  private beating: Promise<void> | undefined;

  /** @param onSilent is told each time that there was no answer. */
  constructor(
    private readonly pool: ConnectionPool,
    private readonly onSilent: () => void,
  ) {}

  /** Waits for work for as long as the replica still answers others. */
  async watched<T>(work: Promise<T>): Promise<T> {
    const beats = setInterval(() => {
      this.beating ??= this.beat().finally(() => (this.beating = undefined));
    }, BEAT_MS);
    try {
      return await work;
    } finally {
      clearInterval(beats);
    }
  }

  private async beat(): Promise<void> {
    try {
      const client = await this.pool.connect('');
      let isSound = false;
      try {
        await client.query({ text: 'SELECT 1', query_timeout: BEAT_MS } as TimedQuery);
        isSound = true;
      } finally {
        this.pool.giveBack('', client, isSound);
      }
    } catch (error) {
      // what it says itself, as that it has no more connections, is no silence
      if ((error as { severity?: unknown }).severity === undefined) this.onSilent();
    }
  }
}
