import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** How much an atome takes, so that a page of atomes can end where they add up. */
export class AddAtomeSize1761000000001 implements MigrationInterface {
  readonly name = 'AddAtomeSize1761000000001';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`ALTER TABLE "${p}atomes" ADD COLUMN "size" integer NOT NULL DEFAULT 0`);
    await runner.query(`UPDATE "${p}atomes" SET "size" = octet_length("data") + octet_length("meta")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`ALTER TABLE "${p}atomes" DROP COLUMN "size"`);
  }
}
