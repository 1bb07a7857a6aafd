import type { Atome } from '../../../src/protocol/index.js';
import type { Changes, PendingWrite, RejectedWrite } from './store.js';

/** What of one table changes need. */
export interface ChangedTable<Item> {
  clear(): unknown;
  put(record: Item): unknown;
  delete(key: string): unknown;
}

/** The tables that changes take apart. */
export interface ChangedTables {
  readonly atomes: ChangedTable<Atome>;
  readonly outbox: Omit<ChangedTable<PendingWrite>, 'clear'>;
  readonly rejected: Omit<ChangedTable<RejectedWrite>, 'clear'>;
}

/** Does what the changes say, in the order of their fields; all but the checkpoint. */
export function applyChanges(changes: Changes, { atomes, outbox, rejected }: ChangedTables): void {
  if (changes.clear) atomes.clear();
  changes.put?.forEach((atome) => atomes.put(atome));
  changes.remove?.forEach((id) => atomes.delete(id));
  changes.settle?.forEach((opId) => outbox.delete(opId));
  changes.append?.forEach((write) => outbox.put(write));
  changes.dismiss?.forEach((opId) => rejected.delete(opId));
  changes.reject?.forEach((write) => rejected.put(write));
}
