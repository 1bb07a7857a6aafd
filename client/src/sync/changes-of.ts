import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import type { Changes } from '../store/store.js';

/** What events make of the atomes. */
export function changesOf(events: readonly AtomeEvent[]): Changes {
  const atomes = new Map<string, Atome | null>();
  for (const event of events) {
    if (!('atome' in event)) atomes.set(event.atomeId, null);
    else atomes.set(event.atome.id, event.atome.deletedAt === null ? event.atome : null);
  }
  const put = [...atomes.values()].filter((atome) => atome !== null);
  return { put, remove: [...atomes.keys()].filter((id) => atomes.get(id) === null) };
}
