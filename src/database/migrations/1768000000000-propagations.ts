import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** Changes of an access that are still to be propagated: they take effect at once, however many atomes inherit it. */
export class Propagations1768000000000 implements MigrationInterface {
  readonly name = 'Propagations1768000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`CREATE TABLE "${p}propagations" (
      "tenant" varchar(128) NOT NULL,
      "parent_id" varchar(128) NOT NULL,
      "after_id" varchar(128) NOT NULL,
      "seq" bigint NOT NULL,
      "author" varchar(128) NOT NULL,
      "origin" varchar(128) NOT NULL,
      "again" integer NOT NULL,
      CONSTRAINT "propagations_pk" PRIMARY KEY ("tenant", "parent_id")
    )`);
    await runner.query(`CREATE INDEX "${p}propagations_by_seq" ON "${p}propagations" ("tenant", "seq")`);
    if (runner.dataSource.options.type !== 'postgres') return;
    const named = `current_setting('atome.tenant', true)`;
    await runner.query(`CREATE POLICY "one_tenant" ON "propagations" USING ("tenant" = ${named})`);
    await runner.query(`ALTER TABLE "propagations" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    // a server that starts looks for what is left of all tenants
    await runner.query(`CREATE POLICY "all_tenants" ON "propagations" FOR SELECT USING (${named} = '*')`);
  }

  /** What was still to be told is not: the version before knows no way to tell it later. */
  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`DROP TABLE "${p}propagations"`);
  }
}
