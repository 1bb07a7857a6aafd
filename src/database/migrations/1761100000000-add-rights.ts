import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** Rights on single atomes. What was there before stays open to all of its tenant. */
export class AddRights1761100000000 implements MigrationInterface {
  readonly name = 'AddRights1761100000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`ALTER TABLE "${p}atomes" ADD COLUMN "access" text`);
    await runner.query(`ALTER TABLE "${p}atomes" ADD COLUMN "readers" text`);
    await runner.query(`ALTER TABLE "${p}atomes" ADD COLUMN "heir_of" varchar(128)`);
    await runner.query(
      `CREATE INDEX "${p}atomes_by_heritage" ON "${p}atomes" ("tenant", "heir_of") WHERE "heir_of" IS NOT NULL`,
    );
    await runner.query(`ALTER TABLE "${p}receipts" ADD COLUMN "author" varchar(128)`);
    await rememberKinds(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`ALTER TABLE "${p}receipts" DROP COLUMN "author"`);
    await runner.query(`DROP INDEX "${p}atomes_by_heritage"`);
    for (const column of ['heir_of', 'readers', 'access']) {
      await runner.query(`ALTER TABLE "${p}atomes" DROP COLUMN "${column}"`);
    }
  }
}

interface Row {
  readonly tenant: string;
  readonly id: string;
  readonly seq: string | number;
  readonly changes: string;
  readonly superseded: string;
}

/** How many alterations are in memory at once. */
const ROWS = 50;
/** As the ledger bounds what it remembers: more kinds count as all there are. */
const MAX_KINDS = 1_000;

/** Who could ever see an atome depends on each kind that it has had; one that has had several keeps a list. */
async function rememberKinds(runner: QueryRunner): Promise<void> {
  const p = prefixOf(runner);
  const all = (await runner.query(`SELECT DISTINCT "tenant", "atome_id" AS "id" FROM "${p}alterations"
    WHERE "operation" IN ('replace', 'restore') AND "changes" LIKE '%"kind":%'`)) as Pick<Row, 'tenant' | 'id'>[];
  for (const { tenant, id } of all) {
    const kinds = await kindsOf(runner, tenant, id);
    if (kinds.length === 1) continue;
    const access = JSON.stringify({ names: ['*'], kinds: kinds.length > MAX_KINDS ? ['*'] : kinds });
    await query(runner, `UPDATE "${p}atomes" SET "access" = ? WHERE "tenant" = ? AND "id" = ?`, [access, tenant, id]);
  }
}

async function kindsOf(runner: QueryRunner, tenant: string, id: string): Promise<string[]> {
  const p = prefixOf(runner);
  const kinds = new Set<string>();
  for (let after = 0; ;) {
    const rows = (await query(
      runner,
      `SELECT "seq", "changes", "superseded" FROM "${p}alterations" WHERE "tenant" = ? AND "atome_id" = ? AND "seq" > ?
        AND "operation" IN ('create', 'replace', 'restore') ORDER BY "seq" LIMIT ${ROWS}`,
      [tenant, id, after],
    )) as Row[];
    for (const { changes, superseded } of rows) {
      const { kind } = JSON.parse(changes) as { kind?: string };
      if (kind !== undefined && !(JSON.parse(superseded) as string[]).includes('kind')) kinds.add(kind);
    }
    if (rows.length < ROWS) return [...kinds];
    after = Number(rows.at(-1)!.seq);
  }
}

function query(runner: QueryRunner, statement: string, values: readonly unknown[]): Promise<unknown> {
  let count = 0;
  const numbered = (): string => (runner.dataSource.options.type === 'postgres' ? `$${++count}` : '?');
  return runner.query(statement.replace(/\?/g, numbered), [...values]);
}
