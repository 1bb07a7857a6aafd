import { Logger } from '@nestjs/common';
import type { RetentionOptions } from '../config/module-options.js';
import { Lease } from '../database/lease.js';
import { sharedSecret } from '../database/shared-secret.js';
import { timeBefore } from '../ledger/compaction/before.js';
import { ledgerKeyOf } from '../ledger/compaction/checkpoint.js';
import { Compactor, type CompactedLedger } from '../ledger/compaction/compactor.js';
import { elapse } from '../ledger/elapse.js';
import type { SqlStore } from '../ledger/stores/sql.store.js';
import { RetentionLag } from './retention-lag.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How often each server looks whether it is time, in milliseconds. */
const LOOK_MS = HOUR_MS / 6;
/** The pause between two pages, in milliseconds: whoever writes goes first. */
const PAUSE_MS = 25;

/** Moves what is older than it has to be into archives: once a day, by one of all servers. */
export class Retention {
  private readonly logger = new Logger('Retention');
  /** How late it is. */
  readonly lag: RetentionLag;
  private readonly ended = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: SqlStore,
    private readonly options: RetentionOptions,
  ) {
    this.lag = new RetentionLag(store, options.keepMs, this.ended.signal);
  }

  /** Looks now and then from here on, where anything is to go. */
  start(): void {
    if (this.options.keepMs > 0) this.lookSoon();
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.ended.abort();
    await Promise.all([this.running, this.lag.done()]);
  }

  /** Compacts where it is time, and nobody else has begun. */
  async look(): Promise<void> {
    // another one each time: it is this day's, not this server's
    const day = new Lease(this.store, '$retention');
    if (!(await day.take(DAY_MS))) return;
    try {
      await this.compact();
      await this.lag.measure();
    } catch (error) {
      await day.release(HOUR_MS);
      // what fails because all ends goes on an hour later
      if (!this.ended.signal.aborted) throw error;
    }
  }

  private lookSoon(): void {
    this.timer = setTimeout(() => {
      this.running = this.look()
        .catch((error: unknown) => this.logger.error('alterations were not archived; tried again in an hour', error))
        .finally(() => {
          if (!this.ended.signal.aborted) this.lookSoon();
        });
    }, LOOK_MS).unref();
  }

  private async compact(): Promise<void> {
    const { keepMs, archiveFolder: folder, ledgerKey, consumersExpireMs } = this.options;
    const { signal } = this.ended;
    const key = ledgerKeyOf(ledgerKey ?? (await sharedSecret(this.store, 'ledger')));
    const keepOn = (): Promise<void> => elapse(PAUSE_MS, { signal });
    const before = { time: timeBefore(this.store.clock.now(), keepMs) };
    const faults: string[] = [];
    const compactor = new Compactor(this.store, { folder, key, keepOn, consumersExpireMs });
    for await (const compacted of compactor.run(await this.store.tenants(), before)) {
      this.say(compacted);
      faults.push(...(compacted.fault === undefined ? [] : [compacted.fault]));
    }
    if (faults.length > 0) throw new Error(faults.join('; '));
  }

  private say({ tenant, archived, archive, heldBy }: CompactedLedger): void {
    if (archived > 0) this.logger.log(`${tenant}: ${archived} alterations are in the archive ${archive}`);
    if (!heldBy) return;
    const advice = 'let it come after, or drop it with atome-sync consumers --drop';
    this.logger.warn(`${tenant}: ${heldBy.name} is at seq ${heldBy.seq}, and what it was not told is kept: ${advice}`);
  }
}
