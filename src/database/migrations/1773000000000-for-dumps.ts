import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = [
  'ledgers',
  'alterations',
  'atomes',
  'receipts',
  'propagations',
  'consumer_cursors',
  'dead_letters',
] as const;

/**
 * Lets the owner of the tables read those of all tenants for a dump, which says so by a setting: without it `pg_dump` of a role
 * that is no superuser is refused, or finds no rows. Nothing of the server sets it.
 */
export class ForDumps1773000000000 implements MigrationInterface {
  readonly name = 'ForDumps1773000000000';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.dataSource.options.type !== 'postgres') return;
    for (const table of TABLES) {
      await runner.query(
        `CREATE POLICY "for_dumps" ON "${table}" FOR SELECT USING (current_setting('atome.dump', true) = 'on')`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    if (runner.dataSource.options.type !== 'postgres') return;
    for (const table of TABLES) await runner.query(`DROP POLICY "for_dumps" ON "${table}"`);
  }
}
