import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** Durable consumers: who runs them, how far they have come, and what they have given up. */
export class Consumers1770000000000 implements MigrationInterface {
  readonly name = 'Consumers1770000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`CREATE TABLE "${p}consumers" (
      "name" varchar(64) NOT NULL,
      "owner" varchar(36) NOT NULL,
      "expires_at" bigint NOT NULL,
      CONSTRAINT "consumers_pk" PRIMARY KEY ("name")
    )`);
    await runner.query(`CREATE TABLE "${p}consumer_cursors" (
      "consumer" varchar(64) NOT NULL,
      "tenant" varchar(128) NOT NULL,
      "seq" bigint NOT NULL,
      "attempts" integer NOT NULL,
      "due_at" bigint NOT NULL,
      "error" text,
      CONSTRAINT "consumer_cursors_pk" PRIMARY KEY ("consumer", "tenant")
    )`);
    await runner.query(`CREATE TABLE "${p}dead_letters" (
      "consumer" varchar(64) NOT NULL,
      "tenant" varchar(128) NOT NULL,
      "seq" bigint NOT NULL,
      "atome_id" varchar(128) NOT NULL,
      "attempts" integer NOT NULL,
      "error" text NOT NULL,
      "failed_at" bigint NOT NULL,
      "is_due" integer NOT NULL,
      CONSTRAINT "dead_letters_pk" PRIMARY KEY ("consumer", "tenant", "seq")
    )`);
    await runner.query(`CREATE INDEX "${p}dead_letters_by_due" ON "${p}dead_letters" ("consumer", "is_due")`);
    if (runner.dataSource.options.type !== 'postgres') return;
    const named = `current_setting('atome.tenant', true)`;
    for (const table of ['consumer_cursors', 'dead_letters']) {
      // a consumer goes through the ledgers of all tenants
      await runner.query(`CREATE POLICY "one_or_all" ON "${table}" USING ("tenant" = ${named} OR ${named} = '*')`);
      await runner.query(`ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    for (const table of ['dead_letters', 'consumer_cursors', 'consumers']) {
      await runner.query(`DROP TABLE "${p}${table}"`);
    }
  }
}
