import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import type { ConsumerCall } from '../../src/consumers/consumer-options.js';
import type { Tables } from '../../src/database/tables.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { upTo } from '../support/feed/order.js';
import { consumerOn } from '../support/ledger/consumers.js';
import { by, create, openLedger, type TestLedger } from '../support/ledger/ledger.js';

const TENANTS = ['one', 'two'] as const;
const ATTEMPTS = 3;

/** What happens to the event of a seq, the first times that it is told. */
const fate = fc.array(fc.constantFrom('fails', 'fails', 'is overtaken', 'is overtaken behind its work'), {
  maxLength: 4,
});
const plan = fc.record({
  one: fc.array(fate, { minLength: 1, maxLength: 6 }),
  two: fc.array(fate, { minLength: 1, maxLength: 6 }),
});

describe.each(DATABASES)('two processes with one consumer on %s', (_name, make) => {
  let database: Database;
  let nodes: TestLedger[];
  let runs = 0;
  beforeAll(async () => {
    database = await make();
    nodes = [];
    for (let n = 0; n < 2; n += 1) nodes.push(await openLedger(await openStore(database.url)));
    const [tables] = nodes.map(({ store }) => store as unknown as Tables);
    const id = database.url.startsWith('sqlite:') ? 'integer PRIMARY KEY AUTOINCREMENT' : 'serial PRIMARY KEY';
    await tables!.transact([`CREATE TABLE handled (id ${id}, tenant text NOT NULL, seq integer NOT NULL)`]);
  });
  afterAll(async () => {
    for (const node of nodes) await node.close();
    await database.drop();
  });

  it('handle each event once and in order, or give it up, whatever fails and whoever takes over', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (fates) => {
        runs += 1;
        const consumer = `consumer-${runs}`;
        const tables = nodes[0]!.store as unknown as Tables;
        const takeOver = (): Promise<unknown> =>
          tables.transact([`UPDATE atome_consumers SET owner = '', expires_at = 0 WHERE name = ?`, consumer]);
        const tenantOf = (name: string): string => `${name}-${runs}`;
        const ended = new Map<string, () => void>();
        const bothEnded = Promise.all(
          TENANTS.map((name) => new Promise<void>((resolve) => ended.set(tenantOf(name), resolve))),
        );
        const left = new Map(TENANTS.map((name) => [tenantOf(name), fates[name].map((each) => [...each])]));
        const call: ConsumerCall = async ({ tenant, seq }, delivery) => {
          const what = left.get(tenant)![seq - 1]?.shift();
          if (what === 'fails') throw new Error('it fails');
          if (what === 'is overtaken') await takeOver();
          await delivery.transaction(({ manager }) =>
            manager.query(`INSERT INTO handled (tenant, seq) VALUES ('${tenant}', ${seq})`),
          );
          // it has been handled: who comes next must not begin anew
          if (what === 'is overtaken behind its work') await takeOver();
          if (seq > left.get(tenant)!.length) ended.get(tenant)!();
        };
        const running = nodes.map((node) =>
          consumerOn(node, database.url, { consumer, attempts: ATTEMPTS, backoffMs: 1 }, call),
        );
        for (const each of running) await each.start();

        await Promise.all(
          TENANTS.flatMap((name) => {
            const tenant = tenantOf(name);
            const origin = { principal: { ...by('somebody').principal, tenant }, sourceClient: null };
            // the last one has no fate: all before it are decided when it is told
            return upTo(fates[name].length + 1).map((n) =>
              nodes[0]!.writer.submit(tenant, create(`note-${n}`), origin),
            );
          }),
        );
        await bothEnded;

        for (const name of TENANTS) {
          const tenant = tenantOf(name);
          const letters = await running[0]!.consumers.deadLetters(consumer, { tenant });
          const dead = letters.map(({ seq }) => seq);
          const [rows] = await tables.transact(['SELECT seq FROM handled WHERE tenant = ? ORDER BY id', tenant]);
          const all = upTo(fates[name].length + 1);
          expect((rows as { seq: number }[]).map(({ seq }) => seq)).toEqual(all.filter((seq) => !dead.includes(seq)));
          const poison = fates[name].flatMap((each, index) =>
            each.filter((what) => what === 'fails').length >= ATTEMPTS ? [index + 1] : [],
          );
          expect(poison).toEqual(expect.arrayContaining(dead));
        }
        for (const each of running) await each.stop();
      }),
      { numRuns: 8 },
    );
  });
});
