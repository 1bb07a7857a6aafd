import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import type { Changes } from '../storage/store.js';

/** The atomes that events tell of as they leave them; null for those that are there no more. */
export type CompactedState = Map<string, Atome | null>;

/** Adds what events make of the atomes. */
export function reduceEvents(atomes: CompactedState, events: readonly AtomeEvent[]): CompactedState {
  for (const event of events) {
    if ('atome' in event) atomes.set(event.atome.id, event.atome.deletedAt === null ? event.atome : null);
    else atomes.set(event.atomeId, null);
  }
  return atomes;
}

/** What a store does with it. */
export function changesFrom(atomes: CompactedState): Changes {
  return {
    put: [...atomes.values()].filter((atome) => atome !== null),
    remove: [...atomes.keys()].filter((id) => atomes.get(id) === null),
  };
}
