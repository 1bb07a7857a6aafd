/** Ledger reads of one principal that may be under way at once, and of one tenant. */
const PER_PRINCIPAL = 4;
const PER_TENANT = 12;

/** Who wants a page of the ledger. */
export interface PageWanter {
  /** Whether the page is still wanted. */
  readonly isWaiting: boolean;
  /** Name of the principal, unique in its tenant. */
  readonly principal: string;
}

/**
 * Slots for reads of the ledger. What one caller asks for is read a few pages at a time, with a turn of the event loop
 * between two, however many connections it has: pages that nobody has taken are what costs memory.
 */
export class ReadSlots {
  private readonly principals = new Map<string, Lane>();
  private readonly tenant = new Lane(PER_TENANT);

  /** Reads in a slot of a principal and one of the tenant, in the order in which they were asked for. */
  async use<T>(principal: string, read: () => Promise<T>): Promise<T> {
    const own = this.principals.get(principal) ?? new Lane(PER_PRINCIPAL);
    this.principals.set(principal, own);
    await own.enter();
    await this.tenant.enter();
    try {
      return await read();
    } finally {
      // SQLite answers within one turn of the loop
      setImmediate(() => {
        this.tenant.leave();
        own.leave();
        if (own.isEmpty) this.principals.delete(principal);
      });
    }
  }
}

class Lane {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  get isEmpty(): boolean {
    return this.running === 0 && this.waiting.length === 0;
  }

  enter(): Promise<void> | undefined {
    if (this.running < this.most) {
      this.running += 1;
      return undefined;
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  leave(): void {
    const next = this.waiting.shift();
    // the slot goes over to the next
    if (next) next();
    else this.running -= 1;
  }
}
