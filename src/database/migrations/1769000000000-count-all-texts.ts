import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** How many atomes are counted by one statement. */
const ATOMES = 1_000;

const TABLES = ['ledgers', 'alterations', 'atomes', 'receipts'];

/** All texts of a row count, whatever a caller has made of them: not only documents and changes. */
export class CountAllTexts1769000000000 implements MigrationInterface {
  readonly name = 'CountAllTexts1769000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await recount(runner, lengths(ATOME), (tenant) => [
      sum(`${p}atomes`, '"size"', tenant),
      sum(`${p}alterations`, lengths(ALTERATION), tenant),
      sum(`${p}receipts`, lengths(RECEIPT), tenant),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await recount(runner, lengths(['data', 'meta']), (tenant) => [
      sum(`${p}atomes`, '"size"', tenant),
      sum(`${p}alterations`, lengths(['changes', 'snapshot']), tenant),
    ]);
  }
}

const ATOME = [
  ...['id', 'kind', 'type', 'data', 'meta', 'parent_id', 'owner_id', 'created_at', 'updated_at', 'deleted_at'],
  ...['clocks', 'access', 'readers', 'heir_of'],
];
const ALTERATION = [
  ...['atome_id', 'operation', 'changes', 'reason', 'author', 'source_client', 'op_id', 'hlc', 'timestamp'],
  ...['superseded', 'snapshot', 'salt', 'digest', 'prev_hash', 'hash'],
];
const RECEIPT = ['author', 'op_id', 'atome_id', 'operation', 'changes'];

function lengths(columns: readonly string[]): string {
  return columns.map((column) => `coalesce(octet_length("${column}"), 0)`).join(' + ');
}

function sum(table: string, bytes: string, tenant: string): string {
  return `(SELECT coalesce(sum(${bytes}), 0) FROM "${table}" WHERE "tenant" = ${tenant})`;
}

async function recount(runner: QueryRunner, size: string, parts: (tenant: string) => string[]): Promise<void> {
  const p = prefixOf(runner);
  const isPostgres = runner.dataSource.options.type === 'postgres';
  const force = async (how: string): Promise<void> => {
    // row-level security would show the owner of the tables nothing
    if (isPostgres) for (const table of TABLES) await runner.query(`ALTER TABLE "${table}" ${how} ROW LEVEL SECURITY`);
  };
  const [one, two, three] = isPostgres ? ['$1', '$2', '$3'] : ['?', '?', '?'];
  await force('NO FORCE');
  const tenants = (await runner.query(`SELECT "tenant" FROM "${p}ledgers" ORDER BY "tenant"`)) as { tenant: string }[];
  for (const { tenant } of tenants) {
    for (let after = ''; ;) {
      const [last] = (await runner.query(
        `SELECT max("id") AS id FROM (
          SELECT "id" FROM "${p}atomes" WHERE "tenant" = ${one} AND "id" > ${two} ORDER BY "id" LIMIT ${ATOMES}) AS batch`,
        [tenant, after],
      )) as { id: string | null }[];
      if (!last?.id) break;
      const batch = `"tenant" = ${one} AND "id" > ${two} AND "id" <= ${three}`;
      await runner.query(`UPDATE "${p}atomes" SET "size" = ${size} WHERE ${batch}`, [tenant, after, last.id]);
      after = last.id;
    }
    await runner.query(
      `UPDATE "${p}ledgers" SET "bytes" = ${parts(`"${p}ledgers"."tenant"`).join(' + ')} WHERE "tenant" = ${one}`,
      [tenant],
    );
  }
  await force('FORCE');
}
