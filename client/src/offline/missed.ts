import type { Changes } from '../storage/store.js';

/** What a store has not been given since it failed, as opIds. */
export interface Missed {
  /** What has left outbox or inbox. */
  readonly gone: Set<string>;
  /** What has joined them. */
  readonly come: Set<string>;
  /** These changes are not in it. */
  readonly add: (changes: Changes) => void;
}

export function createMissed(): Missed {
  const [gone, come] = [new Set<string>(), new Set<string>()];
  return {
    gone,
    come,
    add({ settle = [], append = [], dismiss = [], reject = [] }) {
      for (const opId of [...settle, ...dismiss]) gone.add(opId);
      for (const { opId } of [...append, ...reject.map(({ operation }) => operation)]) come.add(opId);
    },
  };
}
