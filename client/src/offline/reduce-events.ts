import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import type { Changes } from '../storage/store.js';

/** The atomes that events tell of as they leave them; null for those that are there no more. */
export type Learnt = Map<string, Atome | null>;

/** Adds what events make of the atomes. */
export function learn(atomes: Learnt, events: readonly AtomeEvent[]): Learnt {
  for (const event of events) {
    if ('atome' in event) atomes.set(event.atome.id, event.atome.deletedAt === null ? event.atome : null);
    else atomes.set(event.atomeId, null);
  }
  return atomes;
}

/** What a store does with it. */
export function changesOf(atomes: Learnt): Changes {
  return {
    put: [...atomes.values()].filter((atome) => atome !== null),
    remove: [...atomes.keys()].filter((id) => atomes.get(id) === null),
  };
}
