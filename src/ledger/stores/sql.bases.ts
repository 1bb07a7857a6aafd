import type { BaseRow } from '../rows.js';
import type { SeqRange } from '../audit-trail.js';
import type { BaseDigest, LedgerBases } from '../bases.js';
import { BASE_COLUMNS, BASE_HEADER, select } from './columns.js';
import { numbers } from './read-rows.js';
import { Part } from './sql.part.js';

const SELECT_NEWEST = 'SELECT coalesce(max(seq), 0) AS seq FROM atome_bases WHERE tenant = ?';
/** `column` is one of two that grow together. */
const selectBase = (column: 'version' | 'seq'): string =>
  `SELECT ${BASE_COLUMNS} FROM atome_bases WHERE tenant = ? AND atome_id = ? AND ${column} <= ? ORDER BY version DESC LIMIT 1`;
const [SELECT_OF, SELECT_AT] = [selectBase('version'), selectBase('seq')];
/** Whether there is a newer one of the same atome, up to a seq. */
const IS_REPLACED = `EXISTS (SELECT 1 FROM atome_bases AS n
  WHERE n.tenant = b.tenant AND n.atome_id = b.atome_id AND n.version > b.version AND n.seq <= ?)`;
const SELECT_DIGESTS = `SELECT ${select(BASE_HEADER, 'b')} FROM atome_bases AS b WHERE b.tenant = ? AND b.seq > ? AND b.seq <= ? AND NOT ${IS_REPLACED} ORDER BY b.seq LIMIT ?`;
const SELECT_REPLACED = `SELECT b.seq AS "seq" FROM atome_bases AS b
  WHERE b.tenant = ? AND b.seq <= ? AND ${IS_REPLACED} ORDER BY b.seq LIMIT ?`;

/** The states at the floor, in SQL. */
export class SqlBases extends Part implements LedgerBases {
  async newest(): Promise<number> {
    const [row] = await this.query<{ seq: unknown }>(SELECT_NEWEST, this.tenant);
    return Number(row!.seq);
  }

  of(atomeId: string, version: number): Promise<BaseRow | undefined> {
    return this.base(SELECT_OF, atomeId, version);
  }

  at(atomeId: string, seq: number): Promise<BaseRow | undefined> {
    return this.base(SELECT_AT, atomeId, seq);
  }

  private async base(statement: string, atomeId: string, upTo: number): Promise<BaseRow | undefined> {
    const [row] = await this.query<BaseRow>(statement, this.tenant, atomeId, upTo);
    return row && numbers(row, ['seq', 'createdSeq']);
  }

  async digests({ after, upTo, limit }: SeqRange & { readonly limit: number }): Promise<BaseDigest[]> {
    const rows = await this.scan<BaseDigest>(true, SELECT_DIGESTS, this.tenant, after, upTo, upTo, limit);
    return rows.map((row) => numbers(row, ['seq', 'createdSeq']));
  }

  async replaced(upTo: number, limit: number): Promise<number[]> {
    const rows = await this.scan<{ seq: unknown }>(true, SELECT_REPLACED, this.tenant, upTo, upTo, limit);
    return rows.map(({ seq }) => Number(seq));
  }
}
