import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** As many as `KindTotals` counts by themselves; the others are under ''. */
const MAX_KINDS = 64;

const TABLES = ['ledgers', 'atomes'];

interface KindRow {
  readonly kind: string;
  readonly living: number | string;
  readonly deleted: number | string;
}

/** The head of a ledger counts its kinds, so that a total costs no walk. */
export class CountKinds1770000000000 implements MigrationInterface {
  readonly name = 'CountKinds1770000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    const isPostgres = runner.dataSource.options.type === 'postgres';
    const force = async (how: string): Promise<void> => {
      // row-level security would show the owner of the tables nothing
      if (!isPostgres) return;
      for (const table of TABLES) await runner.query(`ALTER TABLE "${table}" ${how} ROW LEVEL SECURITY`);
    };
    const [one, two] = isPostgres ? ['$1', '$2'] : ['?', '?'];
    await runner.query(`ALTER TABLE "${p}ledgers" ADD COLUMN "kinds" text NOT NULL DEFAULT '[]'`);
    await force('NO FORCE');
    const tenants = (await runner.query(`SELECT "tenant" FROM "${p}ledgers" ORDER BY "tenant"`)) as {
      tenant: string;
    }[];
    for (const { tenant } of tenants) {
      const rows = (await runner.query(
        `SELECT "kind", count(*) - count("deleted_at") AS "living", count("deleted_at") AS "deleted"
         FROM "${p}atomes" WHERE "tenant" = ${one} GROUP BY "kind" ORDER BY count(*) DESC, "kind"`,
        [tenant],
      )) as KindRow[];
      await runner.query(`UPDATE "${p}ledgers" SET "kinds" = ${one} WHERE "tenant" = ${two}`, [textOf(rows), tenant]);
    }
    await force('FORCE');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE "${prefixOf(runner)}ledgers" DROP COLUMN "kinds"`);
  }
}

function textOf(rows: readonly KindRow[]): string {
  const entries = rows.map(({ kind, living, deleted }) => [kind, Number(living), Number(deleted)] as const);
  const others = entries.slice(MAX_KINDS);
  const sum = (place: 1 | 2): number => others.reduce((total, entry) => total + entry[place], 0);
  return JSON.stringify([
    ...entries.slice(0, MAX_KINDS),
    ...(others.length > 0 ? [['', sum(1), sum(2)] as const] : []),
  ]);
}
