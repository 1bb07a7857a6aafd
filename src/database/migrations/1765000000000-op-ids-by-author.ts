import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** The author of a receipt that is older than authors. */
const UNKNOWN = '';

/** An opId is its author's own: what others call their writes is nobody's business. */
export class OpIdsByAuthor1765000000000 implements MigrationInterface {
  readonly name = 'OpIdsByAuthor1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`DROP INDEX "${p}alterations_by_op"`);
    await runner.query(
      `CREATE UNIQUE INDEX "${p}alterations_by_op" ON "${p}alterations" ("tenant", "author", "op_id")`,
    );
    await rebuild(runner, {
      author: `"author" varchar(128) NOT NULL`,
      key: `"tenant", "author", "op_id"`,
      from: `coalesce("author", '${UNKNOWN}')`,
    });
  }

  /** Fails where two authors have used one opId, which there was no room for. */
  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await rebuild(runner, {
      author: `"author" varchar(128)`,
      key: `"tenant", "op_id"`,
      from: `nullif("author", '${UNKNOWN}')`,
    });
    await runner.query(`DROP INDEX "${p}alterations_by_op"`);
    await runner.query(`CREATE UNIQUE INDEX "${p}alterations_by_op" ON "${p}alterations" ("tenant", "op_id")`);
  }
}

interface Shape {
  readonly author: string;
  readonly key: string;
  /** The author of a row of the table before. */
  readonly from: string;
}

const REST = `"tenant", "op_id", "atome_id", "operation", "changes", "seq", "version"`;

/** Makes the table of receipts anew: SQLite cannot change a primary key. */
async function rebuild(runner: QueryRunner, { author, key, from }: Shape): Promise<void> {
  const p = prefixOf(runner);
  const isPostgres = runner.dataSource.options.type === 'postgres';
  // the owner copies the rows of all tenants
  if (isPostgres) await runner.query(`ALTER TABLE "receipts" NO FORCE ROW LEVEL SECURITY`);
  await runner.query(`CREATE TABLE "${p}receipts_now" (
    "tenant" varchar(128) NOT NULL,
    "op_id" varchar(200) NOT NULL,
    "atome_id" varchar(128) NOT NULL,
    "operation" varchar(16) NOT NULL,
    "changes" text NOT NULL,
    "seq" bigint NOT NULL,
    "version" integer NOT NULL,
    ${author},
    CONSTRAINT "receipts_pk_now" PRIMARY KEY (${key})
  )`);
  await runner.query(`INSERT INTO "${p}receipts_now" (${REST}, "author") SELECT ${REST}, ${from} FROM "${p}receipts"`);
  await runner.query(`DROP TABLE "${p}receipts"`);
  await runner.query(`ALTER TABLE "${p}receipts_now" RENAME TO "${p}receipts"`);
  await runner.query(`CREATE INDEX "${p}receipts_by_atome" ON "${p}receipts" ("tenant", "atome_id")`);
  if (!isPostgres) return;
  await runner.query(`ALTER TABLE "receipts" RENAME CONSTRAINT "receipts_pk_now" TO "receipts_pk"`);
  const named = `current_setting('atome.tenant', true)`;
  await runner.query(`CREATE POLICY "one_tenant" ON "receipts" USING ("tenant" = ${named})`);
  await runner.query(`ALTER TABLE "receipts" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
}
