/** Promises that resolve when something has become true. */
export interface ConditionWaiters {
  readonly until: (isSo: () => boolean) => Promise<void>;
  /** Something may have become true. */
  readonly check: () => void;
}

/** @param end why nothing will become true any more; undefined as long as it may. */
export function createConditionWaiters(end: () => Error | undefined): ConditionWaiters {
  const waiting = new Set<() => void>();
  return {
    until: (isSo) =>
      new Promise((resolve, reject) => {
        function look(): void {
          const why = isSo() ? null : end();
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
