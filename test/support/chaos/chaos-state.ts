import type { Atome } from '../../../client/src/index.js';
import type { Row } from './chaos-books.js';
import { ACCOUNTS } from './chaos-writes.js';

/** What somebody sees, by id. */
export type State = Readonly<Record<string, string>>;

export const stateOf = (atomes: readonly Atome[]): State =>
  Object.fromEntries(
    atomes.map(({ id, kind, data, meta, version, ownerId }) => [
      id,
      JSON.stringify({ kind, version, ownerId, data: sorted(data), meta: sorted(meta) }),
    ]),
  );
const sorted = (map: object): unknown => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));

/** In what somebody sees another state than is expected. */
export function difference(name: string, expected: State, shown: State): string[] {
  const ids = [...new Set([...Object.keys(expected), ...Object.keys(shown)])];
  return ids
    .filter((id) => expected[id] !== shown[id])
    .map(
      (id) => `${name} differs in ${id}: ${shown[id] ?? 'nothing'}, and the server has ${expected[id] ?? 'nothing'}`,
    );
}

/** Whether the accounts hold what the ledger has of transfers, to the last one. */
export function imbalance(name: string, rows: readonly Row[], accounts: readonly unknown[]): string[] {
  const sumOf = (map: object): number =>
    Object.entries(map).reduce((sum, [key, value]) => (key.startsWith('t') ? sum + Number(value) : sum), 0);
  const moved = rows.filter(({ atomeId, operation }) => ACCOUNTS.includes(atomeId) && operation === 'update');
  const expected = moved.reduce((sum, { changes }) => sum + sumOf(JSON.parse(changes) as object), 0);
  const held = (accounts as readonly Atome[]).reduce((sum, { data }) => sum + sumOf(data), 0);
  return held === expected ? [] : [`${name} has ${held} in its accounts, and the ledger ${expected}`];
}
