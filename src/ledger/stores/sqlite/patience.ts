import { elapse } from '../../elapse.js';

const PAUSE_MS = 20;
/** As long as better-sqlite3 waits by itself, in milliseconds. */
const PATIENCE_MS = 5_000;
/** The scopes of what does not hold, and of deliveries. No tenant has such a name. */
const WORK = '';
export const DELIVERIES = ' ';

/** Whether somebody else has the lock. */
export function isLocked(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
}

/**
 * Waits for a lock that another process has. SQLite would sleep, and this process with it: its own waiting is to be off
 * (`busy_timeout = 0`). All who wait share one patience: once it is at an end, each tries and is refused at once.
 */
export class Patience {
  private lockedSince: number | undefined;
  private triedAt = 0;
  /** Whether somebody of this process has the turn, and who waits for theirs. */
  private held = false;
  private readonly line = new Map<string, (() => void)[]>();

  constructor(private readonly patienceMs = PATIENCE_MS) {}

  get isHeld(): boolean {
    return this.held;
  }

  /** Rejects with what the work throws; when it throws that the database is locked, it is tried again first. */
  async run<T>(work: () => T): Promise<T> {
    for (;;) {
      if (this.held) await this.turn();
      try {
        const result = work();
        this.lockedSince = undefined;
        return result;
      } catch (error) {
        if (!isLocked(error)) throw error;
        const now = performance.now();
        // where nobody has tried for long, it need not be the lock of then
        if (this.lockedSince === undefined || now - this.triedAt > this.patienceMs) this.lockedSince = now;
        this.triedAt = now;
        if (now - this.lockedSince >= this.patienceMs) throw error;
      }
      await elapse(PAUSE_MS);
    }
  }

  /**
   * Keeps all others waiting that run work here, until it is released. Scopes take turns: who holds it much waits for
   * themselves, and all work together is a scope of its own.
   * @param late makes the error of whoever has waited for longer than `waitMs`.
   */
  hold(scope: string, waitMs: number, late: () => Error): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        this.held = true;
        resolve(() => this.release());
      };
      const timer = setTimeout(() => {
        this.leave(scope, begin);
        reject(late());
      }, waitMs);
      if (this.held) this.enter(scope, begin);
      else begin();
    });
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.enter(WORK, resolve));
  }

  private enter(scope: string, begin: () => void): void {
    const waiting = this.line.get(scope);
    if (waiting) waiting.push(begin);
    else this.line.set(scope, [begin]);
  }

  private leave(scope: string, begin: () => void): void {
    const waiting = this.line.get(scope)!;
    waiting.splice(waiting.indexOf(begin), 1);
    if (waiting.length === 0) this.line.delete(scope);
  }

  /** Whose turn it is; their scope goes to the end. */
  private next(): (() => void) | undefined {
    const [first] = this.line;
    if (!first) return undefined;
    const [scope, waiting] = first;
    this.line.delete(scope);
    // all work that waits is one transaction, or as short
    const begin = scope === WORK ? () => waiting.forEach((each) => each()) : waiting.shift();
    if (scope !== WORK && waiting.length > 0) this.line.set(scope, waiting);
    return begin;
  }

  private release(): void {
    this.held = false;
    // the lock was ours: of another's nothing is known yet
    this.lockedSince = undefined;
    while (!this.isHeld) {
      const next = this.next();
      if (!next) return;
      next();
    }
  }
}
