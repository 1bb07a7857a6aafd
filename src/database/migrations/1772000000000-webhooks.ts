import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** Webhooks, and what was sent to them lately. How far each has come is kept as that of consumers is. */
export class Webhooks1772000000000 implements MigrationInterface {
  readonly name = 'Webhooks1772000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`CREATE TABLE "${p}webhooks" (
      "id" varchar(64) NOT NULL,
      "tenant" varchar(128) NOT NULL,
      "url" text NOT NULL,
      "kinds" text NOT NULL,
      "events" text NOT NULL,
      "description" text NOT NULL,
      "enabled" integer NOT NULL,
      "disabled_reason" text,
      "secret" text NOT NULL,
      "previous_secret" text,
      "previous_until" bigint NOT NULL,
      "created_by" text NOT NULL,
      "created_at" bigint NOT NULL,
      CONSTRAINT "webhooks_pk" PRIMARY KEY ("id")
    )`);
    await runner.query(`CREATE INDEX "${p}webhooks_by_tenant" ON "${p}webhooks" ("tenant")`);
    await runner.query(`CREATE TABLE "${p}webhook_deliveries" (
      "webhook" varchar(64) NOT NULL,
      "seq" bigint NOT NULL,
      "tenant" varchar(128) NOT NULL,
      "message_id" varchar(64) NOT NULL,
      "event" varchar(32) NOT NULL,
      "atome_id" varchar(128) NOT NULL,
      "status" varchar(16) NOT NULL,
      "attempts" integer NOT NULL,
      "response_status" integer,
      "error" text,
      "first_at" bigint NOT NULL,
      "attempted_at" bigint NOT NULL,
      "next_at" bigint,
      CONSTRAINT "webhook_deliveries_pk" PRIMARY KEY ("webhook", "seq")
    )`);
    await runner.query(
      `CREATE INDEX "${p}webhook_deliveries_by_time" ON "${p}webhook_deliveries" ("webhook", "attempted_at")`,
    );
    if (runner.dataSource.options.type !== 'postgres') return;
    const named = `current_setting('atome.tenant', true)`;
    for (const table of ['webhooks', 'webhook_deliveries']) {
      await runner.query(`CREATE POLICY "one_or_all" ON "${table}" USING ("tenant" = ${named} OR ${named} = '*')`);
      await runner.query(
        `CREATE POLICY "for_dumps" ON "${table}" FOR SELECT USING (current_setting('atome.dump', true) = 'on')`,
      );
      await runner.query(`ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    for (const table of ['webhook_deliveries', 'webhooks']) await runner.query(`DROP TABLE "${p}${table}"`);
  }
}
