import { AtomeError } from '../../protocol/index.js';

/** How long somebody waits for a slot, and how it is learnt that nobody does any more. */
export interface Waiting {
  /** Waits as long as it takes: for what is under way already, and for those whose number is bounded elsewhere. */
  readonly isPatient?: boolean;
  /** Is given what to call when nobody waits any more; asked only where somebody has to. */
  readonly onGone?: (gone: () => void) => void;
}

/** Who wants a slot. */
export interface Asker extends Waiting {
  readonly tenant: string;
  /** Left out where one principal stands for everybody: it is bounded as its tenant is. */
  readonly principal?: string | undefined;
}

/** A number for all, for one tenant, and for one principal. */
export interface Shares {
  readonly all: number;
  readonly tenant: number;
  readonly principal: number;
}

/** How many slots there are, and who may wait for one. */
export interface SlotLimits {
  readonly slots: Shares;
  readonly waiting: Shares;
  /** How long one waits who is not patient, in milliseconds. */
  readonly patienceMs: number;
}

/** Is told of refusals: a cause that stays the same, and a line for the log. */
export type OnRefused = (cause: string, line: string) => void;

/** When it is worth trying again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * A bounded number of slots, taken in turn: tenants take turns, and within a tenant its principals, so that one who asks for
 * much waits for itself.
 */
export class FairSlots {
  private readonly root: Lane;

  /** @param what is done in a slot, in the plural, for those who are refused. */
  constructor(
    private readonly what: string,
    private readonly limits: SlotLimits,
    private readonly onRefused: OnRefused = () => undefined,
  ) {
    this.root = new Lane(limits.slots.all, limits.waiting.all);
  }

  /** How many wait. */
  get waiting(): number {
    return this.root.waiting;
  }

  /**
   * Does something in a slot.
   * @throws AtomeError `rate_limited` when too many of the principal wait, `unavailable` when too many do, when the wait is
   * too long, or when nobody waits any more.
   */
  async use<T>(asker: Asker, work: () => Promise<T>): Promise<T> {
    const path = this.pathOf(asker);
    if (path.every((lane) => lane.hasSlot)) path.forEach((lane) => lane.enter());
    else await this.wait(path, asker);
    try {
      return await work();
    } finally {
      this.leave(path);
    }
  }

  private pathOf({ tenant, principal }: Asker): Path {
    const { slots, waiting } = this.limits;
    const ofTenant = this.root.lane(tenant, () => new Lane(slots.tenant, waiting.tenant));
    const own = ofTenant.lane(principal ?? '', () =>
      principal === undefined ? new Lane(slots.tenant, waiting.tenant) : new Lane(slots.principal, waiting.principal),
    );
    return [this.root, ofTenant, own];
  }

  private wait(path: Path, { isPatient = false, onGone }: Asker): Promise<void> {
    const refusal = isPatient ? undefined : this.refusalOf(path);
    if (refusal) {
      this.tidy(path);
      throw refusal;
    }
    const own = path[2];
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (settle: () => void): void => {
        if (!own.queue.delete(waiter)) return;
        clearTimeout(timer);
        path.forEach((lane) => (lane.waiting -= 1));
        settle();
      };
      const start = (): void =>
        end(() => {
          path.forEach((lane) => lane.enter());
          resolve();
        });
      const waiter: Waiter = { start };
      own.queue.add(waiter);
      path.forEach((lane) => (lane.waiting += 1));
      const giveUp = (error: AtomeError): void =>
        end(() => {
          this.tidy(path);
          reject(error);
        });
      if (!isPatient) timer = setTimeout(() => giveUp(this.tooLate()), this.limits.patienceMs).unref();
      onGone?.(() => giveUp(new AtomeError('unavailable', 'nobody waits for it any more')));
    });
  }

  private refusalOf([all, ofTenant, own]: Path): AtomeError | undefined {
    if (own.isCrowded) return this.refusal('rate_limited', `as many of your ${this.what} wait as may`);
    if (ofTenant.isCrowded) return this.refusal('unavailable', `as many ${this.what} of your tenant wait as may`);
    return all.isCrowded ? this.refusal('unavailable', `as many ${this.what} wait as may`) : undefined;
  }

  private tooLate(): AtomeError {
    return this.refusal('unavailable', `other ${this.what} were before it for ${this.limits.patienceMs / 1_000} s`);
  }

  private refusal(code: 'rate_limited' | 'unavailable', why: string): AtomeError {
    const error = new AtomeError(code, `${why}; ask for less at once, and repeat it`, { retryAfter: RETRY_MS });
    this.onRefused(`${this.what} ${code}`, `${error.status}: ${why}`);
    return error;
  }

  /** The slot goes over to the next in turn. What answers at once must not keep the loop from turning between two. */
  private leave(path: Path): void {
    if (this.root.waiting > 0) setImmediate(() => this.handOver(path));
    else this.handOver(path);
  }

  private handOver(path: Path): void {
    path.forEach((lane) => lane.leave());
    this.root.next()?.start();
    this.tidy(path);
  }

  private tidy([all, ofTenant, own]: Path): void {
    if (own.isIdle) ofTenant.forget(own);
    if (ofTenant.isIdle) all.forget(ofTenant);
  }
}

type Path = readonly [all: Lane, ofTenant: Lane, own: Lane];

interface Waiter {
  readonly start: () => void;
}

/** The slots of all, of a tenant, or of a principal, and who waits for them: others in lanes of their own, or in its queue. */
class Lane {
  readonly queue = new Set<Waiter>();
  waiting = 0;
  private running = 0;
  /** In the order of their turns. */
  private readonly lanes = new Map<string, Lane>();
  private name = '';

  constructor(
    private readonly slots: number,
    private readonly room: number,
  ) {}

  get hasSlot(): boolean {
    return this.running < this.slots;
  }

  get isCrowded(): boolean {
    return this.waiting >= this.room;
  }

  get isIdle(): boolean {
    return this.running === 0 && this.waiting === 0;
  }

  lane(name: string, make: () => Lane): Lane {
    const known = this.lanes.get(name);
    if (known) return known;
    const lane = make();
    lane.name = name;
    this.lanes.set(name, lane);
    return lane;
  }

  forget({ name }: Lane): void {
    this.lanes.delete(name);
  }

  enter(): void {
    this.running += 1;
  }

  leave(): void {
    this.running -= 1;
  }

  /** Whose turn it is of those who can have a slot. */
  next(): Waiter | undefined {
    if (this.waiting === 0 || !this.hasSlot) return undefined;
    for (const [name, lane] of this.lanes) {
      const found = lane.next();
      if (!found) continue;
      // its next turn is after those of all others
      this.lanes.delete(name);
      this.lanes.set(name, lane);
      return found;
    }
    for (const first of this.queue) return first;
    return undefined;
  }
}
