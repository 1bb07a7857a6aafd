import type { Format } from '../store.js';
import { contentsOf, migrateAll, type SqlConnect, type SqlDriver } from './open-sqlite.js';
import { COMMIT } from './schema.js';

/** Where writes are brought to, and whose. */
export interface Adopter {
  readonly driver: SqlDriver;
  readonly format: Format;
  readonly owner: string | undefined;
}

/**
 * Moves what is in outbox and inbox of a database that was set aside to where they are read now, where it can be read by
 * now: a newer version may have filled it.
 */
export async function adoptWrites(
  connect: SqlConnect,
  name: string,
  { driver, format, owner }: Adopter,
): Promise<void> {
  const from = await connect(name);
  const commit = (into: SqlDriver, changes: object): Promise<unknown> =>
    into.execute(COMMIT, [format.version, JSON.stringify([changes])]);
  try {
    const [info] = await from.select<{ version: number }[]>('SELECT version FROM atome_info');
    if (!info || info.version > format.version) return;
    if (info.version < format.version) await migrateAll(from, format, info.version);
    const { place, outbox: append, rejected: reject } = await contentsOf(from);
    if (place?.owner !== owner || append.length + reject.length === 0) return;
    await commit(driver, { append, reject });
    // last: what is in both for a moment has one name, under which the server takes it once
    const settle = append.map(({ opId }) => opId);
    await commit(from, { settle, dismiss: reject.map(({ operation }) => operation.opId) });
  } finally {
    await from.close();
  }
}
