import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AtomeQueries } from '../../src/application/atome-queries.js';
import { AccessPolicy } from '../../src/auth/authorization/access-policy.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import type { Mutation } from '../../src/protocol/index.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { by, create, openLedger, update, write, type TestLedger } from '../support/ledger/ledger.js';
import { watchRows, type ReadRows } from '../support/ledger/watched-rows.js';

const BYTES = 800_000;
const DOCUMENT = { text: 'x'.repeat(BYTES) };
const OWNER = by('ann');
const STRANGER = by('eve');

/** What each door makes of a call that names an atome; a push sends the same writes one behind the other. */
const WRITES: readonly (readonly [string, (id: string) => Mutation])[] = [
  ['PATCH', (id) => update(id, { n: 1 })],
  ['a mutate with an opId', (id) => update(id, { n: 1 }, { opId: `op-${id}` })],
  ['PUT', (id) => write(id, 'replace', { data: {}, meta: {}, kind: 'note', type: null, parentId: null })],
  ['a rename', (id) => write(id, 'replace', { type: 'other' })],
  ['DELETE', (id) => write(id, 'delete', {})],
  ['a restore', (id) => write(id, 'restore', { version: 1 })],
  ['a share', (id) => write(id, 'share', { access: 'tenant' })],
  ['an erasure', (id) => write(id, 'redact', {})],
  [
    'a create below it',
    (id) => write('child', 'create', { kind: 'note', data: {}, meta: {}, type: null, parentId: id, access: 'inherit' }),
  ],
];

interface Read extends ReadRows {
  /** The longest text that was parsed. */
  readonly parsed: number;
}

describe.each(DATABASES)('a large atome that may not be read, on %s', (_name, createDatabase) => {
  let database: Database;
  let ledger: TestLedger;
  let visible: AtomeQueries;
  beforeEach(async () => {
    database = await createDatabase();
    const rules = new AccessPolicy({}, () => undefined);
    ledger = await openLedger(await openStore(database.url), { rules });
    visible = new AtomeQueries(() => ledger.reader, rules);
    await ledger.write(create('hidden', DOCUMENT), OWNER);
    await ledger.write(write('hidden', 'share', { access: 'private' }), OWNER);
    // its document is small, its clocks are not
    const keys = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`key-${n}`, n]));
    await ledger.write(create('shrunk', keys), OWNER);
    const gone = Object.fromEntries(Object.keys(keys).map((key) => [key, null]));
    await ledger.write(update('shrunk', gone), OWNER);
    await ledger.write(write('shrunk', 'share', { access: 'private' }), OWNER);
    await ledger.settled();
  });
  afterEach(async () => {
    await ledger.close();
    await database.drop();
  });

  async function readBy(call: () => Promise<unknown>): Promise<Read> {
    const watched = await watchRows(ledger.store);
    const parse = jest.spyOn(JSON, 'parse');
    await expect(call()).rejects.toMatchObject({ code: 'not_found' });
    const parsed = Math.max(0, ...parse.mock.calls.map(([text]) => text.length));
    parse.mockRestore();
    return { ...watched.stop(), parsed };
  }

  async function expectAlike(call: (id: string) => Promise<unknown>): Promise<void> {
    const unknown = await readBy(() => call('nobody'));
    for (const id of ['hidden', 'shrunk']) {
      const { statements, bytes, parsed } = await readBy(() => call(id));
      expect(statements).toEqual(unknown.statements);
      expect(bytes - unknown.bytes).toBeLessThan(2_000);
      expect(parsed).toBeLessThan(2_000);
    }
  }

  it.each(WRITES)('costs %s as much as an id that nobody has', (_call, mutation) =>
    expectAlike((id) => ledger.write(mutation(id), STRANGER)),
  );

  it.each([
    ['GET', (id: string) => visible.getText(id, undefined, STRANGER.principal)],
    ['a read of an earlier version', (id: string) => visible.getText(id, { version: 1 }, STRANGER.principal)],
    ['a read of a moment', (id: string) => visible.get(id, { seq: 1 }, STRANGER.principal)],
    ['its history', (id: string) => visible.history(id, { page: 1, limit: 10 }, STRANGER.principal)],
    ['what is left of it', (id: string) => visible.leftAt(id, 1, STRANGER.principal)],
  ] as const)('costs %s as much as an id that nobody has', (_call, read) => expectAlike(read));

  it('is no document that a create with its id reads', async () => {
    const watched = await watchRows(ledger.store);
    await expect(ledger.write(create('hidden'), STRANGER)).rejects.toMatchObject({ code: 'exists' });
    expect(watched.stop().bytes).toBeLessThan(4_000);
  });

  it('is read by who may, and written on', async () => {
    const { text } = await visible.getText('hidden', undefined, OWNER.principal);
    expect(JSON.parse(text)).toMatchObject({ data: DOCUMENT, version: 2 });
    const [refused] = await Promise.allSettled([
      ledger.write(update('hidden', { n: 1 }), STRANGER),
      ledger.write(update('hidden', { n: 2 }), OWNER),
    ]);
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
    expect(await ledger.reader.get('hidden')).toMatchObject({ data: { ...DOCUMENT, n: 2 }, version: 3 });
  });

  it('is large also as a descendant to which a share is passed on', async () => {
    const descendant = {
      kind: 'note',
      type: null,
      data: DOCUMENT,
      meta: {},
      parentId: 'parent',
      access: 'inherit',
    } as const;
    await ledger.write(create('parent'), OWNER);
    await ledger.write(write('descendant', 'create', descendant), OWNER);
    await ledger.write(write('parent', 'share', { access: 'private' }), OWNER);
    await ledger.settled();
    expect(await ledger.reader.get('descendant')).toMatchObject({ data: DOCUMENT, version: 2 });
  });
});
