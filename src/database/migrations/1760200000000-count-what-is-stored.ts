import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** The head of a ledger counts what it holds, so that a quota costs no look at the rest. */
export class CountWhatIsStored1760200000000 implements MigrationInterface {
  readonly name = 'CountWhatIsStored1760200000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    for (const column of COLUMNS) {
      await runner.query(`ALTER TABLE "${p}ledgers" ADD COLUMN "${column}" bigint NOT NULL DEFAULT 0`);
    }
    await runner.query(`UPDATE "${p}ledgers" SET
      "atomes" = (SELECT count(*) FROM "${p}atomes" AS a WHERE a."tenant" = "${p}ledgers"."tenant" AND a."deleted_at" IS NULL),
      "bytes" = ${sum(p, 'atomes', 'octet_length("data") + octet_length("meta")')}
        + ${sum(p, 'alterations', `octet_length("changes") + octet_length(coalesce("snapshot", ''))`)}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    for (const column of COLUMNS) await runner.query(`ALTER TABLE "${p}ledgers" DROP COLUMN "${column}"`);
  }
}

const COLUMNS = ['atomes', 'bytes'];

function sum(p: string, table: string, bytes: string): string {
  return `(SELECT coalesce(sum(${bytes}), 0) FROM "${p}${table}" AS t WHERE t."tenant" = "${p}ledgers"."tenant")`;
}
