import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How much an atome takes, so that a page of atomes can end where they add up. */
export class AddAtomeSize1761000000001 implements MigrationInterface {
  readonly name = 'AddAtomeSize1761000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "atomes" ADD COLUMN "size" integer NOT NULL DEFAULT 0`);
    await runner.query(`UPDATE "atomes" SET "size" = octet_length("data") + octet_length("meta")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "atomes" DROP COLUMN "size"`);
  }
}
