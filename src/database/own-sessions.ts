import { randomUUID } from 'node:crypto';
import type { DataSource, QueryRunner } from 'typeorm';
import { OpenError } from './open-error.js';

/** Others may use the pooler meanwhile, and hide it once. */
const ROUNDS = 3;

/** What PgBouncer says of a BEGIN in statement mode: a violation of the protocol. */
const NO_TRANSACTIONS = '08P01';

/** Of whichever server an address has led to: two of them may have given the same number. */
const SESSION = `concat(pg_backend_pid(), ' ', extract(epoch FROM pg_postmaster_start_time())) AS session`;
const SET = `SELECT set_config('atome.session', $1, false) AS mark, ${SESSION}`;
const GET = `SELECT current_setting('atome.session', true) AS mark, ${SESSION}`;

interface Seen {
  readonly mark: string | null;
  readonly session: string;
}

/**
 * A connection keeps the name of its tenant: behind a pooler that gives a session to one connection after the other, rows of
 * another tenant would be looked for, and not found.
 * @param setting where its address is.
 * @throws OpenError where two connections meet in one session, or one is led to two.
 */
export async function requireOwnSessions(dataSource: DataSource, setting = 'DATABASE_URL'): Promise<void> {
  const [one, other] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (await areShared(one, other)) {
        throw new OpenError(
          `a pooler before PostgreSQL shares its sessions among connections: set pool_mode=session for this database in PgBouncer, or lead ${setting} past it`,
        );
      }
    }
  } finally {
    await one.release();
    await other.release();
  }
}

async function areShared(one: QueryRunner, other: QueryRunner): Promise<boolean> {
  const mark = randomUUID();
  const first = await ask(one, SET, [mark]);
  // as long as this one is in a transaction, its session is lent to nobody else
  try {
    await other.query('BEGIN');
  } catch (error) {
    // it shares them among statements
    if ((error as { code?: unknown }).code === NO_TRANSACTIONS) return true;
    throw error;
  }
  try {
    const met = await ask(other, GET);
    if (met.mark === mark || met.session === first.session) return true;
    const again = await ask(one, GET);
    return again.mark !== mark || again.session !== first.session;
  } finally {
    await other.query('ROLLBACK');
  }
}

async function ask(runner: QueryRunner, sql: string, params: unknown[] = []): Promise<Seen> {
  return ((await runner.query(sql, params)) as [Seen])[0];
}
