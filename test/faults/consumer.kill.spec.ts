import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { upTo } from '../support/feed/order.js';
import { by, create, openLedger } from '../support/ledger/ledger.js';
import { after, KilledProgram, lines } from '../support/server/killed-program.js';

/** How often it is killed: few times here, 50 by hand (`KILLS=50 EVENTS=5000 npm run jest -- test/faults/consumer.kill.spec.ts`). */
const KILLS = Number(process.env.KILLS ?? 2);
/** In each of two tenants. */
const EVENTS = Number(process.env.EVENTS ?? 100);
/** It is killed behind so many lines at most, of the four that it says for each event: so they are spread over all of them. */
const LINES = Math.ceil((4 * EVENTS) / (KILLS + 1));
const TENANTS = ['one', 'two'];

describe.each(DATABASES)('consumers on %s, killed again and again', (_name, make) => {
  let database: Database;
  let host: DataSource;
  let said: string[];
  beforeAll(
    async () => {
      database = await make();
      const ledger = await openLedger(await openStore(database.url));
      await Promise.all(
        TENANTS.flatMap((tenant) => {
          const origin = { principal: { ...by('somebody').principal, tenant }, sourceClient: null };
          return upTo(EVENTS).map((n) => ledger.writer.submit(tenant, create(`note-${n}`), origin));
        }),
      );
      await ledger.close();
      const { url } = database;
      const place: DataSourceOptions = url.startsWith('sqlite:')
        ? { type: 'better-sqlite3', database: url.slice('sqlite:'.length) }
        : { type: 'postgres', url };
      host = await new DataSource(place).initialize();
      const id = url.startsWith('sqlite:') ? 'integer PRIMARY KEY AUTOINCREMENT' : 'serial PRIMARY KEY';
      await host.query(`CREATE TABLE handled (id ${id}, tenant text NOT NULL, seq integer NOT NULL)`);

      const program = await KilledProgram.of('consumer');
      said = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        said.push(...(await program.run([url, String(EVENTS)], lines(1 + randomInt(LINES)))));
      }
      said.push(...(await program.run([url, String(EVENTS)])));
    },
    300_000 + KILLS * 10_000 + EVENTS * 100,
  );
  afterAll(async () => {
    await host.destroy();
    await database.drop();
  });

  it('come to the end', () => {
    expect(said.at(-1)).toBe('done');
  });

  it.each(TENANTS)(
    'handle each event of the tenant %s once, in order, in the transaction they are given',
    async (tenant) => {
      const rows = await host.query<{ seq: number }[]>(
        `SELECT seq FROM handled WHERE tenant = '${tenant}' ORDER BY id`,
      );
      expect(rows.map(({ seq }) => seq)).toEqual(upTo(EVENTS));
    },
  );

  it.each(TENANTS)('handle each event of the tenant %s at least once, in order but for repetitions', (tenant) => {
    const seqs = after(said, 'least')
      .filter((line) => line.startsWith(tenant))
      .map((line) => Number(line.slice(tenant.length)));
    expect([...new Set(seqs)]).toEqual(upTo(EVENTS));
    // a process that is killed repeats what it had not yet said to the database, and nothing before
    const steps = seqs.slice(1).map((seq, index) => seq - seqs[index]!);
    expect(steps.filter((step) => step !== 1 && step !== 0)).toEqual([]);
  });
});
