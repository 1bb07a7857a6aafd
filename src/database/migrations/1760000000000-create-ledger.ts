import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** The first schema. The same statements serve both databases, but for the clustered table of SQLite. */
export class CreateLedger1760000000000 implements MigrationInterface {
  readonly name = 'CreateLedger1760000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    const clustered = runner.dataSource.options.type === 'postgres' ? '' : ' WITHOUT ROWID';
    await runner.query(`CREATE TABLE "${p}ledgers" (
      "tenant" varchar(128) NOT NULL,
      "epoch" varchar(36) NOT NULL,
      "seq" bigint NOT NULL,
      "hash" varchar(64) NOT NULL,
      "timestamp" varchar(24) NOT NULL,
      CONSTRAINT "ledgers_pk" PRIMARY KEY ("tenant")
    )`);
    await runner.query(`CREATE TABLE "${p}alterations" (
      "tenant" varchar(128) NOT NULL,
      "seq" bigint NOT NULL,
      "atome_id" varchar(128) NOT NULL,
      "version" integer NOT NULL,
      "operation" varchar(16) NOT NULL,
      "changes" text NOT NULL,
      "reason" text,
      "author" varchar(128) NOT NULL,
      "source_client" varchar(128),
      "op_id" varchar(200),
      "hlc" varchar(96) NOT NULL,
      "timestamp" varchar(24) NOT NULL,
      "superseded" text NOT NULL,
      "base" integer NOT NULL,
      "size" integer NOT NULL,
      "snapshot" text,
      "salt" varchar(32) NOT NULL,
      "digest" varchar(64) NOT NULL,
      "prev_hash" varchar(64) NOT NULL,
      "hash" varchar(64) NOT NULL,
      CONSTRAINT "alterations_pk" PRIMARY KEY ("tenant", "seq")
    )${clustered}`);
    await runner.query(
      `CREATE UNIQUE INDEX "${p}alterations_by_version" ON "${p}alterations" ("tenant", "atome_id", "version")`,
    );
    await runner.query(`CREATE UNIQUE INDEX "${p}alterations_by_op" ON "${p}alterations" ("tenant", "op_id")`);
    await runner.query(`CREATE TABLE "${p}atomes" (
      "tenant" varchar(128) NOT NULL,
      "id" varchar(128) NOT NULL,
      "kind" varchar(64) NOT NULL,
      "type" varchar(64),
      "data" text NOT NULL,
      "meta" text NOT NULL,
      "parent_id" varchar(128),
      "owner_id" varchar(128) NOT NULL,
      "version" integer NOT NULL,
      "created_at" varchar(24) NOT NULL,
      "updated_at" varchar(24) NOT NULL,
      "deleted_at" varchar(24),
      "clocks" text NOT NULL,
      "seq" bigint NOT NULL,
      "created_seq" bigint NOT NULL,
      "base" integer NOT NULL,
      "weight" integer NOT NULL,
      CONSTRAINT "atomes_pk" PRIMARY KEY ("tenant", "id")
    )`);
    await runner.query(`CREATE INDEX "${p}atomes_by_seq" ON "${p}atomes" ("tenant", "seq")`);
    await runner.query(`CREATE INDEX "${p}atomes_by_creation" ON "${p}atomes" ("tenant", "created_seq")`);
    await runner.query(`CREATE INDEX "${p}atomes_by_kind" ON "${p}atomes" ("tenant", "kind", "seq")`);
    await runner.query(`CREATE INDEX "${p}atomes_by_parent" ON "${p}atomes" ("tenant", "parent_id", "seq")`);
    await runner.query(`CREATE TABLE "${p}receipts" (
      "tenant" varchar(128) NOT NULL,
      "op_id" varchar(200) NOT NULL,
      "atome_id" varchar(128) NOT NULL,
      "operation" varchar(16) NOT NULL,
      "changes" text NOT NULL,
      "seq" bigint NOT NULL,
      "version" integer NOT NULL,
      CONSTRAINT "receipts_pk" PRIMARY KEY ("tenant", "op_id")
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    for (const table of ['receipts', 'atomes', 'alterations', 'ledgers'])
      await runner.query(`DROP TABLE "${p}${table}"`);
  }
}
