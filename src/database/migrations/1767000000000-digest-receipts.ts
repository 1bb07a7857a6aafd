import { createHash } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';
import { canonicalJson } from '../../protocol/index.js';

type Row = Record<'tenant' | 'author' | 'op_id' | 'operation' | 'changes', string>;

/** How many receipts are in memory at once. */
const ROWS = 20;

/**
 * A receipt keeps a digest of the changes, which are only ever compared: a body for each would take room that no quota
 * counts. Receipts of creates with an access stay as they are, since what the server has added to one is not compared.
 */
export class DigestReceipts1767000000000 implements MigrationInterface {
  readonly name = 'DigestReceipts1767000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await ofAllTenants(runner, async () => {
      let after = ['', '', ''];
      for (;;) {
        const rows = (await query(
          runner,
          `SELECT "tenant", "author", "op_id", "operation", "changes" FROM "${p}receipts"
            WHERE ("tenant", "author", "op_id") > (?, ?, ?) ORDER BY "tenant", "author", "op_id" LIMIT ${ROWS}`,
          after,
        )) as Row[];
        for (const row of rows) await shorten(runner, row);
        const last = rows.at(-1);
        if (!last) return;
        after = [last.tenant, last.author, last.op_id];
      }
    });
  }

  /** What a digest was made of is as unknown to the version before as what has been erased. */
  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await ofAllTenants(runner, async () => {
      await runner.query(`UPDATE "${p}receipts" SET "changes" = 'null' WHERE "changes" LIKE '"%'`);
    });
  }
}

async function shorten(runner: QueryRunner, { tenant, author, op_id: opId, operation, changes }: Row): Promise<void> {
  const p = prefixOf(runner);
  const kept: unknown = JSON.parse(changes);
  if (kept === null || typeof kept !== 'object') return;
  if (operation === 'create' && ('access' in kept || 'inherited' in kept)) return;
  const asked = operation === 'restore' ? { version: (kept as { version?: unknown }).version } : kept;
  const digest = createHash('sha256').update(canonicalJson(asked)).digest('base64url');
  const statement = `UPDATE "${p}receipts" SET "changes" = ? WHERE "tenant" = ? AND "author" = ? AND "op_id" = ?`;
  await query(runner, statement, [JSON.stringify(digest), tenant, author, opId]);
}

/** Row-level security would show the owner of the table nothing. */
async function ofAllTenants(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  const isPostgres = runner.dataSource.options.type === 'postgres';
  if (isPostgres) await runner.query(`ALTER TABLE "receipts" NO FORCE ROW LEVEL SECURITY`);
  await work();
  if (isPostgres) await runner.query(`ALTER TABLE "receipts" FORCE ROW LEVEL SECURITY`);
}

function query(runner: QueryRunner, statement: string, values: readonly string[]): Promise<unknown> {
  let count = 0;
  const numbered = (): string => (runner.dataSource.options.type === 'postgres' ? `$${++count}` : '?');
  return runner.query(statement.replace(/\?/g, numbered), [...values]);
}
