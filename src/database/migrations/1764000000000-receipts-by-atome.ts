import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** So that the receipts of one atome are found when it is erased. Only no-ops with an opId pay for it. */
export class ReceiptsByAtome1764000000000 implements MigrationInterface {
  readonly name = 'ReceiptsByAtome1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`CREATE INDEX "${p}receipts_by_atome" ON "${p}receipts" ("tenant", "atome_id")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`DROP INDEX "${p}receipts_by_atome"`);
  }
}
