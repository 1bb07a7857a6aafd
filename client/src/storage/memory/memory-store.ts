import type { Atome } from '../../../../src/protocol/index.js';
import { applyChanges, type ChangedTable } from '../apply-changes.js';
import { NO_STORE } from '../no-store.js';
import type { Checkpoint, PendingWrite, RejectedWrite, Store } from '../store.js';

interface Table<Item> extends ChangedTable<Item> {
  /** In the order of their keys. */
  all(): Item[];
}

/** What there is of one owner. */
interface Tables {
  readonly atomes: Table<Atome>;
  readonly outbox: Table<PendingWrite>;
  readonly rejected: Table<RejectedWrite>;
  place: Partial<Checkpoint> | null;
}

/**
 * A store that lives as long as this object, also across `close` and `open`: for tests, for server rendering, and
 * for where nothing may be kept. What one owner has is not shown to another.
 */
export function memoryStore(): Store {
  const others = new Map<string, Tables>();
  let now = tables();
  return {
    ...NO_STORE,
    open(owner, claim) {
      const found = now.place?.owner;
      if (found !== undefined && found !== (owner ?? found)) {
        others.set(found, now);
        now = others.get(owner!) ?? tables();
      }
      if (claim && owner !== undefined) now.place = { ...now.place, owner };
      return Promise.resolve({ place: now.place, outbox: now.outbox.all(), rejected: now.rejected.all() });
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
    async *atomes() {
      yield now.atomes.all();
    },
    commit(changes) {
      for (const each of changes) {
        applyChanges(each, now);
        now.place = each.place ?? now.place;
      }
      return Promise.resolve();
    },
  };
}

function tables(): Tables {
  return {
    atomes: table(({ id }) => id),
    outbox: table(({ opId }) => opId),
    rejected: table(({ operation }) => operation.opId),
    place: null,
  };
}

function table<Item>(keyOf: (record: Item) => string): Table<Item> {
  const records = new Map<string, Item>();
  return {
    clear: () => records.clear(),
    put: (record) => records.set(keyOf(record), record),
    delete: (key) => records.delete(key),
    all: () => [...records.keys()].sort().map((key) => records.get(key)!),
  };
}
