/** Entries of one tenant are together: its number, and so many for each. */
export const TENANT_ENTRIES = 2 ** 32;

/** How far the index of a tenant has come, and where in the ledger it has entries for all of some trigrams; in one read. */
export const SELECT_FOUND = `SELECT seq AS "upTo", hash, (
    SELECT json_group_array(seq) FROM (
      SELECT texts.seq FROM trigrams CROSS JOIN texts ON texts.entry = trigrams.rowid
      WHERE trigrams MATCH ? AND trigrams.rowid BETWEEN tenants.no * ${TENANT_ENTRIES} AND (tenants.no + 1) * ${TENANT_ENTRIES} - 1
      LIMIT ?
    )
  ) AS seqs FROM tenants WHERE tenant = ?`;

/**
 * What {@link SELECT_FOUND} wants.
 * @param {readonly string[]} trigrams
 * @param {number} limit
 * @param {string} tenant
 * @returns {(string | number)[]}
 */
export function foundParams(trigrams, limit, tenant) {
  return [trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND '), limit, tenant];
}
