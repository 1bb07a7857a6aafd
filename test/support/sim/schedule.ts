/** Where a run stops that goes round in circles. */
const MOST = 40_000;
/** Times are multiples of this, in milliseconds, so that sums and differences of them are exact. */
const GRAIN = 1 / 1024;

const realImmediate = setImmediate;

function grained(ms: number): number {
  return Math.ceil(ms / GRAIN) * GRAIN;
}

/** Who acts: a node, a client, or the world around them. What belongs to one that is dead does not happen. */
export class Actor {
  isDead = false;
  /** Until when it does nothing at all, as a process that is stopped. */
  pausedUntil = 0;

  /** @param skewMs how far its clock is ahead of the true time. */
  constructor(
    readonly name: string,
    public skewMs = 0,
  ) {}

  pause(until: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, grained(until));
  }
}

/** Something that happens at a time, unless it is cancelled. */
export class Happening {
  isCancelled = false;

  constructor(
    public at: number,
    public order: number,
    readonly actor: Actor,
    readonly what: string,
    readonly run: () => unknown,
  ) {}
}

/**
 * Virtual time: one thing happens after the other, by its time and then by its order, and time stands still meanwhile. What an
 * actor does is all that comes of a happening before the event loop has nothing left of it: promises, and what they lead to.
 */
export class Schedule {
  /** In milliseconds since the beginning. */
  now = 0;
  readonly world = new Actor('world');
  /** Who acts now. */
  current = this.world;
  /** How much has happened. */
  count = 0;
  /** What has happened, in short: when, to whom and what. */
  readonly happened: string[] = [];
  private readonly heap: Happening[] = [];
  private order = 0;

  /** @param thrown is told of what nobody has caught. */
  constructor(private readonly thrown: (error: unknown) => void) {}

  /** @param what in a word; nothing of it is told where it is empty. */
  after(ms: number, run: () => unknown, { what = '', actor = this.current } = {}): Happening {
    const at = this.now + grained(Math.max(0, ms));
    const happening = new Happening(at, (this.order += 1), actor, what, run);
    this.push(happening);
    return happening;
  }

  /** Notes what has come of something. */
  tell(what: string, actor: Actor = this.current): void {
    this.happened.push(`${this.now.toFixed(3)} ${actor.name} ${what}`);
  }

  /** Lets things happen until it is so. @returns whether it is; otherwise the time was up, or nothing was left to happen. */
  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    const end = this.now + ms;
    while (!isSo()) {
      const next = this.take();
      if (!next || next.at > end || this.count >= MOST) {
        if (next) this.push(next);
        this.now = Math.max(this.now, next ? Math.min(end, next.at) : end);
        return false;
      }
      this.now = next.at;
      this.current = next.actor;
      this.count += 1;
      if (next.what) this.tell(next.what);
      try {
        next.run();
      } catch (error) {
        this.thrown(error);
      }
      // behind all promises and ticks that came of it
      await new Promise<void>((resolve) => void realImmediate(resolve));
      this.current = this.world;
    }
    return true;
  }

  /** Has an actor do something now. Resolves with what comes of it, while others go on. */
  async by<T>(actor: Actor, run: () => Promise<T>): Promise<T> {
    let settled: { readonly value: T } | { readonly error: unknown } | undefined;
    const act = (): void =>
      void run().then(
        (value) => (settled = { value }),
        (error: unknown) => (settled = { error }),
      );
    this.after(0, act, { actor });
    await this.until(() => settled !== undefined, 120_000);
    if (!settled) throw new Error(`${actor.name} has not finished`);
    if ('error' in settled) throw settled.error;
    return settled.value;
  }

  private take(): Happening | undefined {
    for (let next = this.pop(); next; next = this.pop()) {
      if (next.isCancelled || next.actor.isDead) continue;
      const { pausedUntil } = next.actor;
      if (next.at >= pausedUntil) return next;
      // the same one, which whoever holds it may still cancel
      next.at = pausedUntil;
      next.order = this.order += 1;
      this.push(next);
    }
    return undefined;
  }

  private push(happening: Happening): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(happening, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = happening;
  }

  private pop(): Happening | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return last;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
