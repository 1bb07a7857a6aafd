import { hasDocument, type AtomeHeaderRow, type AtomeRow, type ReadPartialRow, type ReadAtomeRow } from '../rows.js';
import { isHeavy } from '../read-weights.js';
import type { IdPage, LedgerAtomes } from '../store.js';
import { atomeRow } from './read-rows.js';
import * as sql from './sql.js';
import { Part } from './sql.part.js';

/** The atomes of one tenant. */
export class SqlAtomes extends Part implements LedgerAtomes {
  async get(id: string, check?: (row: AtomeHeaderRow) => void, isWhole = false): Promise<ReadAtomeRow | undefined> {
    if (check) {
      const row = await this.partial(id);
      if (!row) return undefined;
      check(row);
      if (hasDocument(row) && !isWhole) return row;
    }
    const [row] = await this.query<ReadAtomeRow>(
      isWhole ? sql.SELECT_WHOLE_ATOME : sql.SELECT_READ_ATOME,
      this.tenant,
      id,
    );
    if (!row) return undefined;
    // it may have been written since
    check?.(row);
    return atomeRow(row);
  }

  async partial(id: string): Promise<ReadPartialRow | undefined> {
    const [row] = await this.query<ReadPartialRow>(sql.SELECT_PARTIAL_ATOME, this.tenant, id);
    return row && atomeRow(row);
  }

  async some(ids: readonly string[]): Promise<AtomeRow[]> {
    const statement = sql.selectAtomes(this.database.dialect.textsOf);
    const wanted = JSON.stringify(ids);
    return (await this.scan<AtomeRow>(isHeavy.atomes.some(ids), statement, this.tenant, wanted)).map(atomeRow);
  }

  async headers(ids: readonly string[]): Promise<AtomeHeaderRow[]> {
    if (ids.length === 0) return [];
    return this.query<AtomeHeaderRow>(
      sql.selectHeaders(this.database.dialect.textsOf),
      this.tenant,
      JSON.stringify(ids),
    );
  }

  async after(page: IdPage): Promise<AtomeRow[]> {
    const statement = sql.selectAtomesAfter(this.tenant, page);
    return (await this.measured<AtomeRow>(isHeavy.atomes.after(page), statement, page.bytes)).map(atomeRow);
  }
}
