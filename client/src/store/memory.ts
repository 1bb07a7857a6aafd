import type { Atome } from '../../../src/protocol/index.js';
import type { Changes, PendingWrite, Place, RejectedWrite, Store } from './store.js';

/**
 * A store that lives as long as this object, also across `close` and `open`: for tests, for server rendering, and
 * for where nothing may be kept.
 */
export function memoryStore(): Store {
  const atomes = new Map<string, Atome>();
  const outbox = new Map<string, PendingWrite>();
  const rejected = new Map<string, RejectedWrite>();
  let place: Place | null = null;

  function apply(changes: Changes): void {
    if (changes.clear) atomes.clear();
    changes.put?.forEach((atome) => atomes.set(atome.id, atome));
    changes.remove?.forEach((id) => atomes.delete(id));
    changes.settle?.forEach((opId) => outbox.delete(opId));
    changes.append?.forEach((write) => outbox.set(write.opId, write));
    changes.dismiss?.forEach((opId) => rejected.delete(opId));
    changes.reject?.forEach((write) => rejected.set(write.operation.opId, write));
    place = changes.place ?? place;
  }

  return {
    open: () => Promise.resolve({ place, outbox: sorted(outbox), rejected: sorted(rejected) }),
    // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
    async *atomes() {
      yield [...atomes.values()];
    },
    commit: (changes) => Promise.resolve(changes.forEach(apply)),
    close: () => Promise.resolve(),
  };
}

function sorted<T>(table: ReadonlyMap<string, T>): T[] {
  return [...table].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}
