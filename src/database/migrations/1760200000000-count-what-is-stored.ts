import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The head of a ledger counts what it holds, so that a quota costs no look at the rest. */
export class CountWhatIsStored1760200000000 implements MigrationInterface {
  readonly name = 'CountWhatIsStored1760200000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) {
      await runner.query(`ALTER TABLE "ledgers" ADD COLUMN "${column}" bigint NOT NULL DEFAULT 0`);
    }
    await runner.query(`UPDATE "ledgers" SET
      "atomes" = (SELECT count(*) FROM "atomes" AS a WHERE a."tenant" = "ledgers"."tenant" AND a."deleted_at" IS NULL),
      "bytes" = ${sum('atomes', 'octet_length("data") + octet_length("meta")')}
        + ${sum('alterations', `octet_length("changes") + octet_length(coalesce("snapshot", ''))`)}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`ALTER TABLE "ledgers" DROP COLUMN "${column}"`);
  }
}

const COLUMNS = ['atomes', 'bytes'];

function sum(table: string, bytes: string): string {
  return `(SELECT coalesce(sum(${bytes}), 0) FROM "${table}" AS t WHERE t."tenant" = "ledgers"."tenant")`;
}
