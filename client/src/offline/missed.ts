import type { Changes } from '../storage/store.js';

/** What a store has not been given since it failed, as opIds. */
export interface Missed {
  /** What has left outbox or inbox. */
  readonly gone: ReadonlySet<string>;
  /** What has joined them. */
  readonly come: ReadonlySet<string>;
}

/** @param changes that are not in the store. */
export function missedOf(changes: readonly Changes[]): Missed {
  const [gone, come] = [new Set<string>(), new Set<string>()];
  for (const { settle = [], append = [], dismiss = [], reject = [] } of changes) {
    for (const opId of [...settle, ...dismiss]) gone.add(opId);
    for (const { opId } of [...append, ...reject.map(({ operation }) => operation)]) come.add(opId);
  }
  return { gone, come };
}
