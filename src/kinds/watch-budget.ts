/** How long a check may take, in milliseconds; at the least, where others have been given up: most take less. */
export const WATCH_MS = { most: 100, least: 5 } as const;

/** What part of the time all that is given up may take, and how many milliseconds ahead of that. */
const PART = 0.1;
const AHEAD_MS = 3_000;

/** How long the next check may take, by what others took that were given up: whoever they are of, most of the time is for what is not. */
export class WatchBudget {
  private spentMs = 0;
  private at = 0;

  /** How long the next may take, in milliseconds. */
  allowance(now: number): number {
    this.spentMs = Math.max(0, this.spentMs - PART * (now - this.at));
    this.at = now;
    return Math.ceil(Math.max(WATCH_MS.least, Math.min(WATCH_MS.most, WATCH_MS.most + AHEAD_MS - this.spentMs)));
  }

  spend(ms: number): void {
    this.spentMs += ms;
  }
}
