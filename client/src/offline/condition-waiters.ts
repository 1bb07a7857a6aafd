/** Promises that resolve when something has become true. */
export interface ConditionWaiters {
  readonly until: (isSo: () => boolean) => Promise<void>;
  /** Something may have become true. */
  readonly check: () => void;
  /** Nothing will become true any more. */
  readonly end: (why: Error) => void;
}

export function createConditionWaiters(): ConditionWaiters {
  const waiting = new Set<() => void>();
  let ended: Error | undefined;
  const check = (): void => waiting.forEach((look) => look());
  return {
    until: (isSo) =>
      new Promise((resolve, reject) => {
        function look(): void {
          if (isSo()) resolve();
          else if (ended) reject(ended);
          else return;
          waiting.delete(look);
        }
        waiting.add(look);
        look();
      }),
    check,
    end(why) {
      ended = why;
      check();
    },
  };
}
