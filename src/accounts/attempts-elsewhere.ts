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

  constructor(
    private readonly shared: Pick<SharedState, 'set' | 'onChange'>,
    throttle: Pick<LoginThrottle, 'onReport' | 'heard'>,
    private readonly now: () => number = Date.now,
  ) {
    throttle.onReport((report) => this.tell(report));
    shared.onChange((_node, key, value) => {
      // what is taken back has been counted all the same
      if (value !== null && key.startsWith(KEY)) throttle.heard(value as unknown as AttemptReport);
    });
  }

  private tell(report: AttemptReport): void {
    const key = KEY + randomUUID();
    this.told.set(key, report.at);
    this.shared.set(key, { ...report } as unknown as JsonValue);
    for (const [old, at] of this.told) {
      if (this.told.size <= MAX_REPORTS && at > this.now() - LOGIN_WINDOW_MS) break;
      this.told.delete(old);
      this.shared.set(old, null);
    }
  }
}
