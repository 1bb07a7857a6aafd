import type { MigrationInterface, QueryRunner } from 'typeorm';

const HEADER = `"tenant", "id", "kind", "type", "parent_id", "owner_id", "version", "created_at", "updated_at", "deleted_at",
  "seq", "created_seq", "base", "weight", "size", "access", "readers", "heir_of"`;
const DOCUMENT = `"data", "meta", "clocks"`;

/**
 * SQLite walks through all that stands before a column: with the document last, how long it takes to read an atome's rights
 * does not tell how large it is. PostgreSQL keeps large values apart.
 */
export class DocumentsLast1766000000000 implements MigrationInterface {
  readonly name = 'DocumentsLast1766000000000';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.dataSource.options.type === 'postgres') return;
    await runner.query(`CREATE TABLE "atome_atomes_now" (
      "tenant" varchar(128) NOT NULL,
      "id" varchar(128) NOT NULL,
      "kind" varchar(64) NOT NULL,
      "type" varchar(64),
      "parent_id" varchar(128),
      "owner_id" varchar(128) NOT NULL,
      "version" integer NOT NULL,
      "created_at" varchar(24) NOT NULL,
      "updated_at" varchar(24) NOT NULL,
      "deleted_at" varchar(24),
      "seq" bigint NOT NULL,
      "created_seq" bigint NOT NULL,
      "base" integer NOT NULL,
      "weight" integer NOT NULL,
      "size" integer NOT NULL DEFAULT 0,
      "access" text,
      "readers" text,
      "heir_of" varchar(128),
      "data" text NOT NULL,
      "meta" text NOT NULL,
      "clocks" text NOT NULL,
      CONSTRAINT "atomes_pk" PRIMARY KEY ("tenant", "id")
    )`);
    await runner.query(
      `INSERT INTO "atome_atomes_now" (${HEADER}, ${DOCUMENT}) SELECT ${HEADER}, ${DOCUMENT} FROM "atome_atomes" ORDER BY rowid`,
    );
    await runner.query(`DROP TABLE "atome_atomes"`);
    await runner.query(`ALTER TABLE "atome_atomes_now" RENAME TO "atome_atomes"`);
    await runner.query(`CREATE INDEX "atome_atomes_by_seq" ON "atome_atomes" ("tenant", "seq")`);
    await runner.query(`CREATE INDEX "atome_atomes_by_creation" ON "atome_atomes" ("tenant", "created_seq")`);
    await runner.query(`CREATE INDEX "atome_atomes_by_kind" ON "atome_atomes" ("tenant", "kind", "seq")`);
    await runner.query(`CREATE INDEX "atome_atomes_by_parent" ON "atome_atomes" ("tenant", "parent_id", "seq")`);
    await runner.query(
      `CREATE INDEX "atome_atomes_by_heritage" ON "atome_atomes" ("tenant", "heir_of") WHERE "heir_of" IS NOT NULL`,
    );
  }

  /** Earlier versions name their columns too: their order may stay. */
  async down(): Promise<void> {}
}
