import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rights on single atomes. What was there before stays open to all of its tenant. */
export class AddRights1761100000000 implements MigrationInterface {
  readonly name = 'AddRights1761100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "atomes" ADD COLUMN "access" text`);
    await runner.query(`ALTER TABLE "atomes" ADD COLUMN "readers" text`);
    await runner.query(`ALTER TABLE "atomes" ADD COLUMN "heir_of" varchar(128)`);
    await runner.query(
      `CREATE INDEX "atomes_by_heritage" ON "atomes" ("tenant", "heir_of") WHERE "heir_of" IS NOT NULL`,
    );
    await runner.query(`ALTER TABLE "receipts" ADD COLUMN "author" varchar(128)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "receipts" DROP COLUMN "author"`);
    await runner.query(`DROP INDEX "atomes_by_heritage"`);
    for (const column of ['heir_of', 'readers', 'access']) {
      await runner.query(`ALTER TABLE "atomes" DROP COLUMN "${column}"`);
    }
  }
}
