import { AtomeError } from '../../protocol/index.js';
import { WriteRate } from './quotas.js';
import type { WriteEnvironment } from './write-environment.js';

/** How many writes may wait at once: beyond, each would wait longer than its caller does. */
export const MAX_WAITING = { tenant: 20_000, all: 100_000 } as const;

/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 1_000;

/** What a write takes besides its characters, in bytes. */
const ENVELOPE_BYTES = 512;

function bytesOf(chars: number): number {
  return chars + ENVELOPE_BYTES;
}

/** Lets writes in, as long as the writer is open, their tenant may write and there is room to wait. */
export class Admission {
  private readonly rate: WriteRate;
  private readonly waiting = new Map<string, number>();
  private allWaiting = 0;
  private held = 0;
  private isClosed = false;

  constructor(private readonly environment: Pick<WriteEnvironment, 'quotas' | 'now' | 'memory'>) {
    this.rate = new WriteRate(environment.quotas);
  }

  /** About how many bytes the writes take that wait. */
  get bytes(): number {
    return this.held;
  }

  /**
   * Lets a write of so many characters wait until it {@link leave}s.
   * @throws AtomeError `unavailable` when the server is going down or has no room; `rate_limited` when the tenant writes too often.
   */
  enter(tenant: string, chars: number): void {
    if (this.isClosed) throw new AtomeError('unavailable', 'the server is going down; try again');
    const waiting = this.waiting.get(tenant) ?? 0;
    if (waiting >= MAX_WAITING.tenant || this.allWaiting >= MAX_WAITING.all || !this.hasMemory()) {
      const text = 'too many writes wait to be decided; send fewer at once, and try again';
      throw new AtomeError('unavailable', text, { retryAfter: RETRY_MS });
    }
    this.rate.take(tenant, this.environment.now());
    this.waiting.set(tenant, waiting + 1);
    this.allWaiting += 1;
    this.held += bytesOf(chars);
  }

  /** @param more rows that the writes made besides one each: they are charged too. */
  leave(tenant: string, group: readonly { readonly chars: number }[], more = 0): void {
    const waiting = this.waiting.get(tenant)! - group.length;
    if (waiting === 0) this.waiting.delete(tenant);
    else this.waiting.set(tenant, waiting);
    this.allWaiting -= group.length;
    for (const { chars } of group) this.held -= bytesOf(chars);
    if (more > 0) this.rate.charge(tenant, more, this.environment.now());
  }

  private hasMemory(): boolean {
    return this.environment.memory?.hasRoom() ?? true;
  }

  /** Lets nothing in any more. */
  close(): void {
    this.isClosed = true;
  }
}
