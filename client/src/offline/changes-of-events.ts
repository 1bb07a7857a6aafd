import type { Atome, AtomeEvent } from '../../../src/protocol/index.js';
import type { Changes } from '../storage/store.js';

/** What events do to a store: each atome as the last of them leaves it. */
export function changesOf(events: readonly AtomeEvent[]): Changes {
  const atomes = new Map<string, Atome | null>();
  for (const event of events) {
    const { atomeId, atome = null } = event as { readonly atomeId: string; readonly atome?: Atome };
    atomes.set(atome?.id ?? atomeId, atome?.deletedAt === null ? atome : null);
  }
  return {
    put: [...atomes.values()].filter((atome) => atome !== null),
    remove: [...atomes.keys()].filter((id) => atomes.get(id) === null),
  };
}
