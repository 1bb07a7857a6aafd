import { randomUUID } from 'node:crypto';
import type { SharedState } from '../bus/shared-state.js';
import type { JsonValue } from '../protocol/index.js';
import { LOGIN_WINDOW_MS, type AttemptReport, type LoginThrottle } from './login-throttle.js';

const KEY = 'login ';
/** So many reports are told at once: those who come later need what is newest. */
const MAX_REPORTS = 5_000;

/** Has each server count what failed at the others, too: whoever guesses at all of them has no more attempts than at one. */
export class AttemptsElsewhere {
  private readonly told = new Map<string, number>();
  /** What others have told, by key, and when: all that there is may be told again. */
  private readonly counted = new Map<string, number>();

  constructor(
    private readonly shared: Pick<SharedState, 'set' | 'onChange'>,
    throttle: Pick<LoginThrottle, 'onReport' | 'heard'>,
    private readonly now: () => number = Date.now,
  ) {
    throttle.onReport((report) => this.tell(report));
    shared.onChange((_node, key, value) => {
      // what is taken back has been counted all the same
      if (value === null || !key.startsWith(KEY) || this.counted.has(key)) return;
      this.counted.set(key, this.now());
      this.prune(this.counted, () => undefined);
      throttle.heard(value as unknown as AttemptReport);
    });
  }

  private tell(report: AttemptReport): void {
    const key = KEY + randomUUID();
    this.told.set(key, report.at);
    this.shared.set(key, { ...report } as unknown as JsonValue);
    this.prune(this.told, (old) => this.shared.set(old, null), MAX_REPORTS);
  }

  /** Lets go of what counts no longer, oldest first, and of what is too much. */
  private prune(times: Map<string, number>, gone: (key: string) => void, most = Infinity): void {
    for (const [old, at] of times) {
      if (times.size <= most && at > this.now() - LOGIN_WINDOW_MS) break;
      times.delete(old);
      gone(old);
    }
  }
}
