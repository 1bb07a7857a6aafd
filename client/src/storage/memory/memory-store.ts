import type { Atome } from '../../../../src/protocol/index.js';
import type { Changes, PendingWrite, Place, RejectedWrite, Store } from '../store.js';

/** What there is of one owner. */
interface Tables {
  readonly atomes: Map<string, Atome>;
  readonly outbox: Map<string, PendingWrite>;
  readonly rejected: Map<string, RejectedWrite>;
  place: Partial<Place> | null;
}

/**
 * A store that lives as long as this object, also across `close` and `open`: for tests, for server rendering, and
 * for where nothing may be kept.
 */
export function memoryStore(): Store {
  const others = new Map<string, Tables>();
  let now = tables();

  function apply(changes: Changes): void {
    const { atomes, outbox, rejected } = now;
    if (changes.clear) atomes.clear();
    changes.put?.forEach((atome) => atomes.set(atome.id, atome));
    changes.remove?.forEach((id) => atomes.delete(id));
    changes.settle?.forEach((opId) => outbox.delete(opId));
    changes.append?.forEach((write) => outbox.set(write.opId, write));
    changes.dismiss?.forEach((opId) => rejected.delete(opId));
    changes.reject?.forEach((write) => rejected.set(write.operation.opId, write));
    now.place = changes.place ?? now.place;
  }

  return {
    open(owner, claim) {
      const found = now.place?.owner;
      if (found !== undefined && found !== (owner ?? found)) {
        others.set(found, now);
        now = others.get(owner!) ?? tables();
      }
      if (claim && owner !== undefined) now.place = { ...now.place, owner };
      return Promise.resolve({ place: now.place, outbox: sorted(now.outbox), rejected: sorted(now.rejected) });
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
    async *atomes() {
      yield [...now.atomes.values()];
    },
    commit: (changes) => Promise.resolve(changes.forEach(apply)),
    close: () => Promise.resolve(),
  };
}

function tables(): Tables {
  return { atomes: new Map(), outbox: new Map(), rejected: new Map(), place: null };
}

function sorted<T>(table: ReadonlyMap<string, T>): T[] {
  return [...table].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}
