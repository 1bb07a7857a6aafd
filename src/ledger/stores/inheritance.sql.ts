import {
  MAX_DESCENDANTS,
  type Additions,
  type CountedDescendants,
  type PropagationProgress,
  type StartedPropagation,
} from '../store.js';
import { PROPAGATION_COLUMNS, type Param, type Statement } from './columns.js';

/* Who inherits from whom, and which changes have still to be propagated. Parameters are written `?`. */

/**
 * Counts, for each owner, the atomes that inherit from the topmost ancestor of some atomes, or from some others; `texts` is a
 * subquery of the ids of both in a column `value`. Its parameters: {@link descendantsParams}.
 */
export function countDescendants(texts: string): string {
  return `WITH RECURSIVE ancestors(id, heir_of) AS (
      SELECT a.id, a.heir_of FROM (${texts}) AS wanted CROSS JOIN atome_atomes AS a WHERE a.tenant = ? AND a.id = wanted.value
      UNION SELECT a.id, a.heir_of FROM ancestors CROSS JOIN atome_atomes AS a WHERE a.tenant = ? AND a.id = ancestors.heir_of
    ), descendants(id, owner_id) AS (
      SELECT descendant.id, descendant.owner_id FROM (
        SELECT id FROM ancestors WHERE heir_of IS NULL UNION SELECT wanted.value FROM (${texts}) AS wanted
      ) AS root CROSS JOIN atome_atomes AS descendant WHERE descendant.tenant = ? AND descendant.heir_of = root.id
      UNION SELECT descendant.id, descendant.owner_id FROM descendants CROSS JOIN atome_atomes AS descendant WHERE descendant.tenant = ? AND descendant.heir_of = descendants.id
    ) SELECT owner_id AS "ownerId", count(*) AS count FROM (SELECT owner_id FROM descendants LIMIT ${MAX_DESCENDANTS + 1}) AS bounded
      GROUP BY owner_id`;
}

export function descendantsParams(tenant: string, { adopters, changed }: CountedDescendants): Param[] {
  return [JSON.stringify(adopters), tenant, tenant, JSON.stringify(changed), tenant, tenant];
}

/**
 * Begins one anew, where anything inherits. While others are under way all descendants are told: they may have been without their
 * rights in between, and what readers were not shown then they are shown now.
 */
function startPropagation(
  tenant: string,
  { parentId, seq, author, origin, onlyIfOthers }: StartedPropagation,
): Statement {
  const others = 'EXISTS (SELECT 1 FROM atome_propagations AS other WHERE other.tenant = ?)';
  return {
    sql: `INSERT INTO atome_propagations (tenant, parent_id, after_id, seq, author, origin, again)
      SELECT CAST(? AS varchar), CAST(? AS varchar), '', CAST(? AS bigint), CAST(? AS varchar), CAST(? AS varchar),
          CASE WHEN ${others} THEN 1 ELSE 0 END
        WHERE EXISTS (SELECT 1 FROM atome_atomes WHERE tenant = ? AND heir_of = ?)${onlyIfOthers ? ` AND ${others}` : ''}
      ON CONFLICT (tenant, parent_id) DO UPDATE SET
        after_id = '', seq = excluded.seq, author = excluded.author, origin = excluded.origin, again = 1`,
    params: [tenant, parentId, seq, author, origin, tenant, tenant, parentId, ...(onlyIfOthers ? [tenant] : [])],
  };
}

function advancePropagation(tenant: string, { parentId, seq, afterId }: PropagationProgress): Statement {
  const which = 'WHERE tenant = ? AND parent_id = ? AND seq = ?';
  if (afterId === null) return { sql: `DELETE FROM atome_propagations ${which}`, params: [tenant, parentId, seq] };
  return { sql: `UPDATE atome_propagations SET after_id = ? ${which}`, params: [afterId, tenant, parentId, seq] };
}

/** What a group adds to the propagations, behind the atomes that it adds. */
export function propagationStatements(tenant: string, { propagations = [], progress }: Additions): Statement[] {
  const started = propagations.map((each) => startPropagation(tenant, each));
  return progress ? [...started, advancePropagation(tenant, progress)] : started;
}

/** The oldest propagation. */
export const SELECT_PROPAGATION = `SELECT ${PROPAGATION_COLUMNS} FROM atome_propagations WHERE tenant = ? ORDER BY seq LIMIT 1`;

/** Those that inherit directly from an atome, in order of id, and how large they are. */
export const SELECT_DESCENDANTS = `SELECT id, size FROM atome_atomes WHERE tenant = ? AND heir_of = ? AND id > ? ORDER BY id LIMIT ?`;

export const SELECT_PROPAGATING = 'SELECT DISTINCT tenant FROM atome_propagations';
