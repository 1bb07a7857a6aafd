import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import type { Changes } from '../storage/store.js';

/** What events do to a store: each atome as the last of them leaves it. */
export function changesOf(events: readonly AtomeEvent[]): Changes {
  const atomes = new Map<string, Atome | null>();
  for (const event of events) {
    if ('atome' in event) atomes.set(event.atome.id, event.atome.deletedAt === null ? event.atome : null);
    else atomes.set(event.atomeId, null);
  }
  return {
    put: [...atomes.values()].filter((atome) => atome !== null),
    remove: [...atomes.keys()].filter((id) => atomes.get(id) === null),
  };
}
