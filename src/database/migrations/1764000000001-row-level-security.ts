import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['ledgers', 'alterations', 'atomes', 'receipts'];

/**
 * A second wall between the tenants on PostgreSQL, behind the conditions of each query: a connection sees the rows
 * of the tenant that it has named, and without one none. The owner of the tables is bound too, so a later migration that
 * changes rows first says NO FORCE. Superusers are not bound.
 */
export class RowLevelSecurity1764000000001 implements MigrationInterface {
  readonly name = 'RowLevelSecurity1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.dataSource.options.type !== 'postgres') return;
    const named = `current_setting('atome.tenant', true)`;
    for (const table of TABLES) {
      await runner.query(`CREATE POLICY "one_tenant" ON "${table}" USING ("tenant" = ${named})`);
      await runner.query(`ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    }
    // the feed looks at the heads of many tenants at once
    await runner.query(`CREATE POLICY "all_heads" ON "ledgers" FOR SELECT USING (${named} = '*')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    if (runner.dataSource.options.type !== 'postgres') return;
    await runner.query(`DROP POLICY "all_heads" ON "ledgers"`);
    for (const table of TABLES) {
      await runner.query(`ALTER TABLE "${table}" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY`);
      await runner.query(`DROP POLICY "one_tenant" ON "${table}"`);
    }
  }
}
