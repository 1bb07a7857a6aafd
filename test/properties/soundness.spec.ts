import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from '../support/properties.js';
import { LEDGER_STORE, type LedgerStore } from '../../src/ledger/store.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';
import type { Answer, Api } from '../support/clients/api.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';

const PEOPLE = { ann: ['g1'], bob: [], dee: [] } as const;
type Name = keyof typeof PEOPLE;
const NAMES = Object.keys(PEOPLE) as Name[];
const IDS = ['a', 'b', 'c', 'd'];

const access = fc.constantFrom(
  ...(['private', 'tenant', 'inherit', 'inherit'] as const),
  ...[['bob'], ['group:g1'], ['*']].map((read) => ({ read, write: read })),
);
const parentId = fc.constantFrom(null, ...IDS);
const kind = fc.constantFrom('note', 'note', 'secret', 'draft');
const data = fc.dictionary(fc.constantFrom('x', 'y', 'é'), fc.constantFrom(1, 'ü😀', null, 'z'.repeat(3_000)), {
  maxKeys: 2,
});
const hlc = fc.constantFrom(undefined, '000000000000001-0000-x', '001999999999999-0000-x');
const opId = fc.constantFrom('op-1', 'op-2', 'op-3', undefined, undefined, undefined);
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ operation: fc.constant('create'), kind, data, parentId, access }) },
  { weight: 3, arbitrary: fc.record({ operation: fc.constant('share'), changes: fc.record({ access }), hlc }) },
  { weight: 2, arbitrary: fc.record({ operation: fc.constant('replace'), data, kind, parentId, hlc }) },
  { weight: 2, arbitrary: fc.record({ operation: fc.constantFrom('update', 'patch'), changes: data, hlc }) },
  { weight: 1, arbitrary: fc.record({ operation: fc.constant('tag'), changes: fc.constant({ tags: ['t'] }) }) },
  { weight: 1, arbitrary: fc.record({ operation: fc.constant('rename'), changes: fc.constant({ name: 'n' }) }) },
  { weight: 1, arbitrary: fc.record({ operation: fc.constant('delete'), hlc }) },
  {
    weight: 2,
    arbitrary: fc.record({
      operation: fc.constant('restore'),
      changes: fc.record({ version: fc.integer({ min: 1, max: 4 }) }),
    }),
  },
);
const write = fc.record({ what: fc.constant('write' as const), id: fc.constantFrom(...IDS), opId, operation });
const act = fc.oneof(
  { weight: 20, arbitrary: write },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('erase' as const), id: fc.constantFrom(...IDS) }) },
);
const step = fc.record({ by: fc.constantFrom(...NAMES), at: fc.constantFrom(0, 1), act });
/** Those of one turn are sent at once, so that they meet in groups. */
const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 8, maxLength: 25, size: 'max' });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(api: Api, { act }: Step): Promise<Answer> {
  if (act.what === 'erase') return api.post(`/api/atome/${act.id}/erase`);
  const operation = { opId: act.opId ?? randomUUID(), atomeId: act.id, ...act.operation };
  return api.post('/api/sync/push', { operations: [operation] });
}

const DATABASES = [
  ['SQLite', (): Promise<Database> => Promise.resolve(createFile())],
  ['PostgreSQL without superuser', createOwnedDatabase as () => Promise<Database>],
] as const;

describe.each(DATABASES)('a ledger on %s', (_name, create) => {
  const folder = mkdtempSync(join(tmpdir(), 'atome-policies-'));
  const file = join(folder, 'policies.json');
  let database: Database;
  let servers: TestApp[];
  beforeAll(async () => {
    writeFileSync(file, JSON.stringify({ secret: { read: ['group:g1'] }, draft: { access: 'private' } }));
    database = await create();
    const environment = { ...WITH_TOKENS, POLICIES_FILE: file, DATABASE_URL: database.url, HEAD_POLL_MS: '20' };
    servers = [await startApp(environment)];
    // SQLite is for one process
    servers.push(database.url.startsWith('sqlite') ? servers[0]! : await startApp(environment));
  });
  afterAll(async () => {
    await Promise.all([...new Set(servers)].map((server) => server.close()));
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it('is sound whatever several principals do to it, on two servers and at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(turns, async (all) => {
        const tenant = `t-${randomUUID()}`;
        const apiOf = (name: Name, at: number): Api => {
          const role = name === 'dee' ? 'admin' : 'writer';
          return servers[at]!.api.as(tokenOf(role, { sub: name, tenant, groups: [...PEOPLE[name]] }));
        };
        for (const turn of all) {
          const answers = await Promise.all(turn.map((each) => take(apiOf(each.by, each.at), each)));
          for (const { status, text } of answers) {
            expect([text, status < 500, text.includes('"internal"')]).toEqual([text, true, false]);
          }
        }
        const store = servers[0]!.app.get<LedgerStore>(LEDGER_STORE, { strict: false });
        await store.ledger(tenant).write.open();
        expect((await verifyLedger(store.ledger(tenant))).fault).toBeUndefined();
        await apiOf('ann', 0).delete('/api/user-data/delete-all', { confirm: true });
        expect((await verifyLedger(store.ledger(tenant))).fault).toBeUndefined();
      }),
      { numRuns: 25 },
    );
  });
});
