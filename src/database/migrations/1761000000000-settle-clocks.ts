import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';
import { fold, type AtomeState, type Foldable } from '../../protocol/index.js';

type Row = Record<'operation' | 'changes' | 'hlc' | 'timestamp' | 'author' | 'superseded', string> & {
  readonly version: number;
};

/** How many alterations are in memory at once. */
const ROWS = 50;

/**
 * Stamps of absent keys are bounded, and a `replace` leaves one for all of them: the clocks of atomes that were
 * written before become what their history folds to now, which is what `ledger:verify` compares them with.
 */
export class SettleClocks1761000000000 implements MigrationInterface {
  readonly name = 'SettleClocks1761000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    const atomes = (await runner.query(`SELECT DISTINCT "tenant", "atome_id" AS "id" FROM "${p}alterations"
      WHERE "operation" IN ('replace', 'restore', 'patch')`)) as { tenant: string; id: string }[];
    for (const { tenant, id } of atomes) {
      const state = await folded(runner, tenant, id);
      const statement = `UPDATE "${p}atomes" SET "clocks" = ? WHERE "tenant" = ? AND "id" = ?`;
      await query(runner, statement, [JSON.stringify(state?.clocks ?? {}), tenant, id]);
    }
  }

  async down(): Promise<void> {
    // the stamps that are there now mean the same to the version before
  }
}

async function folded(runner: QueryRunner, tenant: string, id: string): Promise<AtomeState | null> {
  const p = prefixOf(runner);
  let state: AtomeState | null = null;
  for (;;) {
    const rows = (await query(
      runner,
      `SELECT "version", "operation", "changes", "hlc", "timestamp", "author", "superseded" FROM "${p}alterations"
        WHERE "tenant" = ? AND "atome_id" = ? AND "version" > ? ORDER BY "version" LIMIT ${ROWS}`,
      [tenant, id, state?.version ?? 0],
    )) as Row[];
    for (const { changes, superseded, ...row } of rows) {
      const alteration = { ...row, atomeId: id, changes: parse(changes), superseded: parse(superseded) } as Foldable;
      state = fold(state, alteration);
    }
    if (rows.length < ROWS) return state;
  }
}

function parse(json: string): unknown {
  return JSON.parse(json);
}

function query(runner: QueryRunner, statement: string, values: readonly unknown[]): Promise<unknown> {
  let count = 0;
  const numbered = (): string => (runner.dataSource.options.type === 'postgres' ? `$${++count}` : '?');
  return runner.query(statement.replace(/\?/g, numbered), [...values]);
}
