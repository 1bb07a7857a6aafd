/** Promises that resolve when something has become true. */
export interface ConditionWaiters {
  /** @param ended why it will not become true; default: why nothing will any more. */
  readonly until: (isSo: () => boolean, ended?: () => Error | undefined) => Promise<void>;
  /** Something may have become true. */
  readonly check: () => void;
}

/** @param end why nothing will become true any more; undefined as long as it may. */
export function createConditionWaiters(end: () => Error | undefined): ConditionWaiters {
  const waiting = new Set<() => void>();
  return {
    until: (isSo, ended = end) =>
      new Promise((resolve, reject) => {
        function look(): void {
          const why = isSo() ? null : ended();
          if (why === undefined) return;
          waiting.delete(look);
          if (why) reject(why);
          else resolve();
        }
        waiting.add(look);
        look();
      }),
    check: () => waiting.forEach((look) => look()),
  };
}
