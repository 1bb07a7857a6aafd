import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

const TABLES = ['edge_cursors', 'edge_refusals'] as const;

/** Following another server: how far that has come, and what that one has refused. */
export class Edges1780000000000 implements MigrationInterface {
  readonly name = 'Edges1780000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`CREATE TABLE "${p}edge_cursors" (
      "tenant" varchar(128) NOT NULL,
      "epoch" varchar(36) NOT NULL,
      "seq" bigint NOT NULL,
      "hash" varchar(64) NOT NULL,
      "rights" varchar(64) NOT NULL,
      "head" bigint NOT NULL,
      "safe" bigint NOT NULL,
      CONSTRAINT "edge_cursors_pk" PRIMARY KEY ("tenant")
    )`);
    await runner.query(`CREATE TABLE "${p}edge_refusals" (
      "tenant" varchar(128) NOT NULL,
      "seq" bigint NOT NULL,
      "atome_id" varchar(128) NOT NULL,
      "op_id" varchar(200),
      "author" varchar(128) NOT NULL,
      "code" varchar(32) NOT NULL,
      "message" text NOT NULL,
      "refused_at" bigint NOT NULL,
      CONSTRAINT "edge_refusals_pk" PRIMARY KEY ("tenant", "seq")
    )`);
    if (runner.dataSource.options.type !== 'postgres') return;
    const named = `current_setting('atome.tenant', true)`;
    for (const table of TABLES) {
      // what follows is no caller of any tenant
      await runner.query(`CREATE POLICY "one_or_all" ON "${table}" USING ("tenant" = ${named} OR ${named} = '*')`);
      await runner.query(
        `CREATE POLICY "for_dumps" ON "${table}" FOR SELECT USING (current_setting('atome.dump', true) = 'on')`,
      );
      await runner.query(`ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    for (const table of TABLES) await runner.query(`DROP TABLE "${p}${table}"`);
  }
}
