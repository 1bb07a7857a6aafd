import { ERASED } from '../erasure.js';
import type { Compaction, LeaseName } from '../bases.js';
import type { FloorRow } from '../rows.js';
import type { Additions } from '../store.js';
import { FLOORS, isErasedAtome, type Param, type Statement } from './columns.js';
import { BYTES_OF_ALTERATION, BYTES_OF_BASE, FORGET_RECEIPTS } from './row-bytes.sql.js';

/* What a compaction changes, in the transaction of a group. Parameters are written `?`. */

const counted = (sign: '+' | '-', bytes: string, from: string): string =>
  `UPDATE atome_ledgers SET bytes = bytes ${sign} (SELECT coalesce(sum(${bytes}), 0) FROM ${from}) WHERE tenant = ?`;

/**
 * Behind the insert of its bases. An erasure may have come since its rows were read: what is counted is counted of what is there.
 * @param pairsOf a subquery of pairs, see `Dialect`
 */
export function compactionStatements(tenant: string, { compaction }: Additions, pairsOf: string): Statement[] {
  if (!compaction) return [];
  const { bases = [], replaces = [], floor, lease, drops, settles = [], forgets } = compaction;
  const which = (seqs: readonly number[]): Named => namedBases(tenant, seqs, pairsOf);
  return [
    ...(bases.length > 0 ? addedBases(tenant, which(bases.map(({ seq }) => seq))) : []),
    ...(replaces.length > 0 ? goneBases(tenant, which(replaces)) : []),
    ...(drops ? dropped(tenant, drops) : []),
    ...settles.map(({ superseded, author, opId }) => ({
      sql: 'UPDATE atome_receipts SET superseded = ? WHERE tenant = ? AND author = ? AND op_id = ?',
      params: [superseded, tenant, author, opId],
    })),
    ...(forgets ? forgotten(tenant, forgets) : []),
    ...(floor ? [floorStatement(tenant, floor, lease)] : []),
  ];
}

interface Named {
  readonly seqs: string;
  readonly params: readonly Param[];
  /** Rows `b`, with the same parameters. */
  readonly rows: string;
}

/** As text: a pair has a name and a version. */
function namedBases(tenant: string, seqs: readonly number[], pairsOf: string): Named {
  const wanted = `(SELECT CAST(w.id AS bigint) AS seq FROM ${pairsOf} AS w)`;
  return {
    seqs: wanted,
    params: [JSON.stringify(seqs.map((seq) => [String(seq), 0])), tenant],
    rows: `${wanted} AS s CROSS JOIN atome_bases AS b WHERE b.seq = s.seq AND b.tenant = ?`,
  };
}

function addedBases(tenant: string, { seqs, params, rows }: Named): Statement[] {
  return [
    {
      sql: `UPDATE atome_bases SET snapshot = '${ERASED.changes}', rest = '${ERASED.changes}', salt = '${ERASED.salt}'
        WHERE seq IN ${seqs} AND tenant = ? AND EXISTS (
          SELECT 1 FROM atome_atomes AS a
          WHERE a.tenant = atome_bases.tenant AND a.id = atome_bases.atome_id AND a.base > atome_bases.version AND ${isErasedAtome('a')})`,
      params,
    },
    { sql: counted('+', BYTES_OF_BASE, rows), params: [...params, tenant] },
  ];
}

function goneBases(tenant: string, { seqs, params, rows }: Named): Statement[] {
  return [
    { sql: counted('-', BYTES_OF_BASE, `${rows} AND ${isSpare('b')}`), params: [...params, tenant] },
    { sql: `DELETE FROM atome_bases WHERE seq IN ${seqs} AND tenant = ? AND ${isSpare('atome_bases')}`, params },
  ];
}

/** Whether the state at the floor that is set is not told by a base: another process may have set that meanwhile. */
function isSpare(base: string): string {
  const floor = `coalesce((SELECT f.seq FROM atome_floors AS f WHERE f.tenant = ${base}.tenant), 0)`;
  return `(${base}.seq > ${floor} OR EXISTS (SELECT 1 FROM atome_bases AS n
    WHERE n.tenant = ${base}.tenant AND n.atome_id = ${base}.atome_id AND n.version > ${base}.version AND n.seq <= ${floor}))`;
}

function dropped(tenant: string, { after, upTo }: NonNullable<Compaction['drops']>): Statement[] {
  const which = 'atome_alterations AS l WHERE l.tenant = ? AND l.seq > ? AND l.seq <= ?';
  const params = [tenant, after, upTo];
  return [
    { sql: counted('-', BYTES_OF_ALTERATION, which), params: [...params, tenant] },
    { sql: 'DELETE FROM atome_alterations WHERE tenant = ? AND seq > ? AND seq <= ?', params },
  ];
}

function forgotten(tenant: string, { before, limit }: NonNullable<Compaction['forgets']>): Statement[] {
  const [count, forget] = FORGET_RECEIPTS;
  return [
    { sql: count, params: [tenant, before, limit, tenant] },
    { sql: forget, params: [tenant, tenant, before, limit] },
  ];
}

/** Sets it if nobody has set another meanwhile, or has taken the lease. */
function floorStatement(tenant: string, floor: FloorRow, lease: LeaseName | undefined): Statement {
  const columns = FLOORS.columns.map((column) => `"${column}"`);
  const values = FLOORS.fields.map((field) => `CAST(? AS ${FLOORS.integers.has(field) ? 'bigint' : 'text'})`);
  const guard = lease ? 'EXISTS (SELECT 1 FROM atome_consumers WHERE name = ? AND owner = ?)' : '1 = 1';
  return {
    sql: `INSERT INTO atome_floors ("tenant", ${columns.join(', ')}) SELECT CAST(? AS text), ${values.join(', ')} WHERE ${guard}
      ON CONFLICT ("tenant") DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}
      WHERE atome_floors."seq" = ?`,
    params: [
      ...[tenant, ...FLOORS.fields.map((field) => floor[field])],
      ...(lease ? [lease.name, lease.owner] : []),
      floor.previous,
    ],
  };
}
