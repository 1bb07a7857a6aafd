import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../src/ledger/stores/open-store.js';
import type { AlterationRow } from '../../../src/ledger/rows.js';
import { verifyLedger, type VerifyResult } from '../../../src/ledger/integrity/verify-ledger.js';
import { createDatabase } from './postgres.js';

/** An empty database, as `DATABASE_URL` names it. */
export interface Database {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/** Files in memory, where the system has such a folder with room: no test cuts the power, so that none must reach a disk. */
const IN_MEMORY = '/dev/shm';
const ROOM = 1024 ** 3;
const FOLDER = existsSync(IN_MEMORY) && bytesFree(IN_MEMORY) > ROOM ? IN_MEMORY : tmpdir();

function bytesFree(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** A SQLite file in a directory of its own. */
export function createFile(): Database {
  const directory = mkdtempSync(join(FOLDER, 'atome-sqlite-'));
  return {
    url: `sqlite:${join(directory, 'atome.sqlite')}`,
    drop: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** For `describe.each`: the databases on which a ledger can be. */
export const DATABASES: readonly (readonly [name: string, create: () => Promise<Database>])[] = [
  ['SQLite', async () => createFile()],
  ['PostgreSQL', createDatabase],
];

/** A ledger read from its database, without any server. */
export interface Audit {
  readonly result: VerifyResult;
  readonly alterations: readonly Pick<AlterationRow, 'seq' | 'opId'>[];
}

export async function audit(databaseUrl: string, tenant = 'default'): Promise<Audit> {
  const store = await openStore(databaseUrl);
  try {
    const alterations: Pick<AlterationRow, 'seq' | 'opId'>[] = [];
    for (let rows = await page(0); rows.length > 0; rows = await page(rows.at(-1)!.seq)) {
      alterations.push(...rows.map(({ seq, opId }) => ({ seq, opId })));
    }
    return { alterations, result: await verifyLedger(store.ledger(tenant)) };

    function page(after: number): Promise<AlterationRow[]> {
      return store
        .ledger(tenant)
        .alterations.page({ after, upTo: Number.MAX_SAFE_INTEGER, limit: 1_000, chars: 4 * 1024 * 1024 });
    }
  } finally {
    await store.close();
  }
}
