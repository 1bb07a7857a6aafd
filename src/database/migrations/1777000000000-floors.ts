import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

const TABLES = ['floors', 'bases'] as const;
const TIME_CHARS = 24;

/** Ledgers that begin at a floor, and receipts that stand for alterations below it: they know their time, by which they go. */
export class Floors1777000000000 implements MigrationInterface {
  readonly name = 'Floors1777000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    const isPostgres = runner.dataSource.options.type === 'postgres';
    await runner.query(`CREATE TABLE "${p}floors" (
      "tenant" varchar(128) NOT NULL,
      "seq" bigint NOT NULL,
      "hash" varchar(64) NOT NULL,
      "timestamp" varchar(24) NOT NULL,
      "atomes" bigint NOT NULL,
      "states" varchar(64) NOT NULL,
      "previous" bigint NOT NULL,
      "archive" text NOT NULL,
      "archive_digest" varchar(64) NOT NULL,
      "public_key" varchar(64) NOT NULL,
      "signature" varchar(96) NOT NULL,
      CONSTRAINT "floors_pk" PRIMARY KEY ("tenant")
    )`);
    await runner.query(`CREATE TABLE "${p}bases" (
      "tenant" varchar(128) NOT NULL,
      "seq" bigint NOT NULL,
      "atome_id" varchar(128) NOT NULL,
      "version" integer NOT NULL,
      "timestamp" varchar(24) NOT NULL,
      "hash" varchar(64) NOT NULL,
      "created_seq" bigint NOT NULL,
      "created" varchar(96) NOT NULL,
      "snapshot" text NOT NULL,
      "rest" text NOT NULL,
      "salt" varchar(32) NOT NULL,
      "digest" varchar(64) NOT NULL,
      CONSTRAINT "bases_pk" PRIMARY KEY ("tenant", "seq")
    )${isPostgres ? '' : ' WITHOUT ROWID'}`);
    await runner.query(`CREATE UNIQUE INDEX "${p}bases_by_version" ON "${p}bases" ("tenant", "atome_id", "version")`);
    if (isPostgres) await wall(runner);
    await runner.query(`ALTER TABLE "${p}receipts" ADD COLUMN "superseded" text`);
    await runner.query(`ALTER TABLE "${p}receipts" ADD COLUMN "timestamp" varchar(24) NOT NULL DEFAULT ''`);
    await unbound(runner, async () => {
      const time = isPostgres ? '$1' : '?';
      await runner.query(`UPDATE "${p}receipts" SET "timestamp" = ${time}`, [new Date().toISOString()]);
      await recount(runner, '+');
    });
    await runner.query(`CREATE INDEX "${p}receipts_by_time" ON "${p}receipts" ("tenant", "timestamp")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await unbound(runner, () => recount(runner, '-'));
    await runner.query(`DROP INDEX "${p}receipts_by_time"`);
    await runner.query(`ALTER TABLE "${p}receipts" DROP COLUMN "timestamp"`);
    await runner.query(`ALTER TABLE "${p}receipts" DROP COLUMN "superseded"`);
    for (const table of TABLES) await runner.query(`DROP TABLE "${p}${table}"`);
  }
}

/** Between the tenants; who looks at all heads may see all floors. */
async function wall(runner: QueryRunner): Promise<void> {
  const named = `current_setting('atome.tenant', true)`;
  for (const table of TABLES) {
    await runner.query(`CREATE POLICY "one_tenant" ON "${table}" USING ("tenant" = ${named})`);
    await runner.query(
      `CREATE POLICY "for_dumps" ON "${table}" FOR SELECT USING (current_setting('atome.dump', true) = 'on')`,
    );
    await runner.query(`ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
  }
  await runner.query(`CREATE POLICY "all_floors" ON "floors" FOR SELECT USING (${named} = '*')`);
}

/** Row-level security would show the owner of the tables nothing. */
async function unbound(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  const isPostgres = runner.dataSource.options.type === 'postgres';
  const force = async (how: string): Promise<void> => {
    if (!isPostgres) return;
    for (const table of ['ledgers', 'receipts']) await runner.query(`ALTER TABLE "${table}" ${how} ROW LEVEL SECURITY`);
  };
  await force('NO FORCE');
  await work();
  await force('FORCE');
}

async function recount(runner: QueryRunner, sign: '+' | '-'): Promise<void> {
  const p = prefixOf(runner);
  const receipts = `(SELECT count(*) FROM "${p}receipts" WHERE "${p}receipts"."tenant" = "${p}ledgers"."tenant")`;
  await runner.query(`UPDATE "${p}ledgers" SET "bytes" = "bytes" ${sign} ${TIME_CHARS} * ${receipts}`);
}
