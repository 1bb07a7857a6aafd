import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AccessPolicy } from '../../src/auth/authorization/access-policy.js';
import { AtomeQueries } from '../../src/application/atome-queries.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { verifyLedger } from '../../src/ledger/integrity/verify-ledger.js';
import { LedgerReaders } from '../../src/ledger/read/ledger-readers.js';
import { LedgerWriter } from '../../src/ledger/write/ledger-writer.js';
import type { LedgerStore, ListQuery } from '../../src/ledger/store.js';
import { DEFAULT_LIMITS, HybridClock, type Atome, type Mutation } from '../../src/protocol/index.js';
import { NO_QUOTAS } from '../../src/ledger/write/quotas.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { HeldPropagation } from '../support/ledger/held-propagation.js';
import { write } from '../support/ledger/ledger.js';
import { mayRead, POLICIES, type Subject } from '../support/models/access-model.js';

const IDS = ['a', 'b', 'c', 'd', 'e'];
const PEOPLE: readonly Subject[] = [
  { id: 'ann', role: 'writer', groups: [] },
  { id: 'bob', role: 'writer', groups: ['g1'] },
  { id: 'cid', role: 'reader', groups: [] },
];
const ALL: ListQuery = { includeDeleted: true, sortBy: 'id', sortOrder: 'asc', limit: 100, offset: 0 };

const who = fc.constantFrom('ann', 'bob');
const id = fc.constantFrom(...IDS);
const access = fc.constantFrom(
  ...(['private', 'tenant', 'inherit', 'inherit', 'inherit'] as const),
  ...[['bob'], ['group:g1'], ['cid']].map((names) => ({ read: names, write: names })),
);
const act = fc.oneof(
  fc.record({ what: fc.constant('create' as const), by: who, id, access, parentId: id }),
  fc.record({ what: fc.constant('share' as const), by: who, id, access }),
  fc.record({ what: fc.constant('share' as const), by: who, id, access }),
  fc.record({ what: fc.constant('move' as const), by: who, id, parentId: id }),
  fc.record({ what: fc.constant('update' as const), by: who, id }),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
/** What there is before the first turn. */
const TREE: readonly Act[] = [
  { what: 'create', by: 'ann', id: 'a', access: 'tenant', parentId: 'a' },
  { what: 'create', by: 'bob', id: 'b', access: 'inherit', parentId: 'a' },
  { what: 'create', by: 'ann', id: 'c', access: 'inherit', parentId: 'b' },
  { what: 'create', by: 'bob', id: 'd', access: { read: ['cid'], write: ['cid'] }, parentId: 'd' },
];

/** Those of a turn are sent at once; between turns what is to be propagated may go on, or not yet. */
const turns = fc.array(fc.record({ acts: fc.array(act, { minLength: 1, maxLength: 4 }), goesOn: fc.boolean() }), {
  minLength: 4,
  maxLength: 14,
  size: 'max',
});

function mutationOf(each: Act, n: number): Mutation {
  const content = { kind: 'note', type: null, data: {}, meta: {} };
  switch (each.what) {
    case 'create':
      return write(each.id, 'create', {
        ...content,
        parentId: each.parentId === each.id ? null : each.parentId,
        access: each.access,
      });
    case 'share':
      return write(each.id, 'share', { access: each.access });
    case 'move':
      return write(each.id, 'replace', { parentId: each.parentId });
    case 'update':
      return write(each.id, 'update', { n });
  }
}

describe.each(DATABASES)('what inherits, on %s,', (_name, createDatabase) => {
  let database: Database;
  let store: LedgerStore;
  let held: HeldPropagation | undefined;
  let count = 0;
  beforeAll(async () => {
    database = await createDatabase();
    store = await openStore(database.url);
  });
  afterEach(() => held?.goOn());
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  it('is never read by more than may read it now, nor by less once all has been propagated', async () => {
    const rules = new AccessPolicy({ policies: POLICIES }, (error) => {
      throw error;
    });
    const ledgers = new LedgerReaders(store);
    const queries = new AtomeQueries(({ tenant }) => ledgers.of(tenant), rules);

    /** Who reads which, by a look at each atome and by a list: these never differ. */
    async function readIn(tenant: string): Promise<{ reads: Set<string>; all: Atome[] }> {
      const all = (await store.ledger(tenant).queries.list(ALL)).map(({ id }) => id);
      const atomes = await Promise.all(all.map((each) => ledgers.of(tenant).find(each)));
      const reads = new Set<string>();
      for (const person of PEOPLE) {
        const principal = { id: person.id, tenant, roles: [person.role], groups: [...person.groups] };
        for (const each of all) {
          if (queries.mayRead(principal, (await ledgers.of(tenant).headerOf(each))!)) reads.add(`${person.id} ${each}`);
        }
        const listed = (await queries.list(ALL, principal)).rows.map((row) => `${person.id} ${row.id}`);
        expect(listed).toEqual([...reads].filter((read) => read.startsWith(`${person.id} `)));
        expect(await queries.count(ALL, principal)).toBe(listed.length);
      }
      return { reads, all: atomes };
    }

    const may = ({ all }: { all: Atome[] }): Set<string> =>
      new Set(
        PEOPLE.flatMap((who) => all.filter((each) => mayRead(who, each, all)).map((each) => `${who.id} ${each.id}`)),
      );

    await fc.assert(
      fc.asyncProperty(turns, async (all) => {
        const tenant = `t-${(count += 1)}`;
        await store.ledger(tenant).write.open();
        const environment = {
          clock: new HybridClock('server', Date.now),
          limits: DEFAULT_LIMITS,
          quotas: NO_QUOTAS,
          rules,
          now: Date.now,
        };
        const writer = new LedgerWriter(
          store,
          (t, each, version) => ledgers.of(t).stateAt(each, version),
          environment,
          (error) => {
            throw error;
          },
        );
        const submit = (each: Act, n: number): Promise<unknown> => {
          const { groups } = PEOPLE.find(({ id }) => id === each.by)!;
          const principal = { id: each.by, tenant, roles: ['writer'], groups: [...groups] };
          return writer.submit(tenant, mutationOf(each, n), { principal, sourceClient: null }).catch(() => undefined);
        };
        for (const [n, each] of TREE.entries()) await submit(each, n);
        for (const [n, { acts, goesOn }] of all.entries()) {
          if (goesOn) held?.goOn();
          else held = new HeldPropagation();
          await Promise.all(acts.map((each) => submit(each, n)));
          await writer.settled();
          const seen = await readIn(tenant);
          const allowed = may(seen);
          for (const read of seen.reads) expect([read, allowed.has(read)]).toEqual([read, true]);
        }
        held?.goOn();
        await writer.start();
        await writer.settled();
        const settled = await readIn(tenant);
        expect(settled.reads).toEqual(may(settled));
        expect((await verifyLedger(store.ledger(tenant))).fault).toBeUndefined();
        await writer.drain();
      }),
      { numRuns: 25 },
    );
  });
});
