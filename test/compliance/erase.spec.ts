import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tokenOf } from '../support/server/tokens.js';
import { bearer, type Api } from '../support/clients/api.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { startComplianceServer, type ComplianceServer } from '../support/server/compliance-server.js';

const SECRET = 'canary-3141';
const READS = [
  '/api/atome/secret',
  '/api/atome/secret?version=1',
  '/api/atome/secret?at=1',
  '/api/atome/secret/history',
  '/api/atome/list?includeDeleted=true',
  '/api/sync/changes?since=0',
  '/api/sync/changes?since=0&compact=true',
  '/api/sync/changes?since=1&kinds=note',
  '/api/sync/snapshot',
];

describe.each(DATABASES)('erasing an atome, on %s', (_database, create) => {
  let database: Database;
  let server: ComplianceServer;
  let alice: Api;
  beforeEach(async () => {
    database = await create();
    server = await startComplianceServer(database);
    alice = server.as('alice');
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  const CREATION = { id: 'secret', kind: 'note', data: { [SECRET]: SECRET, n: 0 }, meta: { tags: [SECRET] } };
  /** An atome with something secret in every part and every kind of row, and another one beside it. */
  const write = async (): Promise<void> => {
    await alice.post('/api/atome/create', CREATION, { 'idempotency-key': 'op-create' });
    const large = { text: SECRET.repeat(900) };
    for (let n = 1; n <= 9; n += 1) {
      const changes = { ...large, n };
      await alice.post('/api/atome/secret/alter', { operation: 'update', changes, reason: SECRET });
    }
    const again = { operation: 'update', changes: { ...large, n: 9 } };
    await alice.post('/api/atome/secret/alter', again, { 'idempotency-key': 'op-noop' });
    await server.as('bob').create({ title: 'public' }, { id: 'other' });
  };

  it('leaves nothing of it in any answer, at once and after a restart', async () => {
    await write();
    const before = await Promise.all(READS.map(async (path) => (await alice.get(path)).text.includes(SECRET)));
    expect(before).toEqual(READS.map(() => true));
    const { status, body } = await alice.post('/api/atome/secret/erase', { reason: 'asked for' });
    expect({ status, body }).toEqual({
      status: 200,
      body: { success: true, id: 'secret', erasedAt: expect.any(String), version: 11, seq: 12 },
    });
    expect(await server.dump()).not.toContain(SECRET);
    for (const path of READS) expect((await alice.get(path)).text).not.toContain(SECRET);
    await server.close();
    server = await startComplianceServer(database);
    for (const path of READS) expect((await server.as('alice').get(path)).text).not.toContain(SECRET);
    expect(await server.fault()).toBeUndefined();
  });

  it('keeps who wrote it when, and says of the rest that it is gone', async () => {
    await write();
    await alice.post('/api/atome/secret/erase', { reason: 'asked for' });
    const { body } = await alice.get('/api/atome/secret/history');
    const [last, ...rest] = body.alterations as Record<string, unknown>[];
    expect(last).toMatchObject({ operation: 'redact', reason: 'asked for', author: 'alice', version: 11 });
    expect(last).not.toHaveProperty('redacted');
    expect(rest).toHaveLength(10);
    for (const each of rest) expect(each).toMatchObject({ changes: null, reason: null, redacted: true });
    const gone = { status: 410, body: { code: 'gone', redacted: true } };
    expect(await alice.get('/api/atome/secret')).toMatchObject(gone);
    for (const query of ['version=1', 'version=10', 'at=3']) {
      expect(await alice.get(`/api/atome/secret?${query}`)).toMatchObject(gone);
    }
    expect(await alice.get('/api/atome/secret?version=12')).toMatchObject({ status: 404 });
    expect((await alice.get('/api/atome/other')).body).toMatchObject({ atome: { data: { title: 'public' } } });
    expect((await alice.get('/api/atome/list?includeDeleted=true')).body.data).toContainEqual(
      expect.objectContaining({ id: 'secret', kind: 'note', data: {}, meta: {}, deletedAt: expect.any(String) }),
    );
  });

  it('lets nobody write, restore or make it again, and repeats what was answered before', async () => {
    await write();
    const erased = await alice.post('/api/atome/secret/erase', {}, { 'idempotency-key': 'op-erase' });
    const gone = { status: 410, body: { code: 'gone', redacted: true } };
    expect(await alice.post('/api/atome/secret/restore', { version: 1 })).toMatchObject(gone);
    expect(await alice.post('/api/atome/create', CREATION)).toMatchObject(gone);
    expect(await alice.patch('/api/atome/secret', { n: 1 })).toMatchObject(gone);
    expect(await alice.delete('/api/atome/secret')).toMatchObject(gone);
    // nobody can tell any more whether the body is the same
    const repeated = await alice.post('/api/atome/create', CREATION, { 'idempotency-key': 'op-create' });
    expect(repeated).toMatchObject({ status: 201, body: { id: 'secret', version: 1, seq: 1, atome: { data: {} } } });
    const noop = { operation: 'update', changes: { n: 9 } };
    expect(await alice.post('/api/atome/secret/alter', noop, { 'idempotency-key': 'op-noop' })).toMatchObject({
      status: 200,
      body: { version: 10, alteration: null, atome: { data: {} } },
    });
    expect((await alice.post('/api/atome/secret/erase', {}, { 'idempotency-key': 'op-erase' })).body).toEqual(
      erased.body,
    );
    expect((await alice.post('/api/atome/secret/erase')).body).toEqual(erased.body);
    expect((await alice.get('/api/server-info')).body.seq).toBe(12);
    expect(await server.dump()).not.toContain(SECRET);
  });

  it('tells every reader to drop it, also one that comes back later or had another filter', async () => {
    await write();
    const plain = await server.connect(bearer(tokenOf('reader')));
    await plain.next('welcome');
    const range = await server.connect(bearer(tokenOf('reader')));
    range.send({ type: 'subscribe', since: 0, kinds: ['note'] });
    await range.next('sync:live');
    await alice.put('/api/atome/secret', { kind: 'task', data: { n: 0 } });
    await alice.post('/api/atome/secret/erase');
    const deleted = { type: 'atome:deleted', atomeId: 'secret', redacted: true, seq: 13 };
    expect(await plain.next('atome:deleted')).toMatchObject(deleted);
    expect((await range.next('events', ({ to }) => to === 13)).events.at(-1)).toMatchObject({
      type: 'atome:left',
      atomeId: 'secret',
    });
    const later = await server.connect(bearer(tokenOf('reader')));
    later.send({ type: 'subscribe', since: 3 });
    const frame = await later.next('events', ({ to }) => to === 13);
    expect(frame).toMatchObject({ from: 3, to: 13 });
    expect(frame.events).toMatchObject([{ type: 'atome:created', seq: 11 }, deleted]);
    const { body } = await alice.get('/api/sync/changes?since=3&kinds=note');
    expect(body.events).toMatchObject([{ seq: 11 }, { type: 'atome:left', atomeId: 'secret', seq: 13 }]);
  });

  it('is let go of by other servers too, also out of their memory', async () => {
    const other = await startComplianceServer(database, { HEAD_POLL_MS: '20' });
    try {
      await write();
      const reader = await other.connect(bearer(tokenOf('reader')));
      reader.send({ type: 'subscribe', since: 0 });
      await reader.next('events', ({ to }) => to === 11);
      await alice.post('/api/atome/secret/erase');
      await reader.next('events', ({ to }) => to === 12);
      const late = await other.connect(bearer(tokenOf('reader')));
      late.send({ type: 'subscribe', since: 0 });
      await late.next('events', ({ to }) => to === 12);
      expect(JSON.stringify(reader.received)).toContain(SECRET);
      expect(JSON.stringify(late.received)).not.toContain(SECRET);
    } finally {
      await other.close();
    }
  });

  it('is for its owner and for admins', async () => {
    await write();
    const refused = { status: 403, body: { code: 'forbidden' } };
    expect(await server.as('bob').post('/api/atome/secret/erase')).toMatchObject(refused);
    expect(await server.as('alice', 'reader').post('/api/atome/secret/erase')).toMatchObject(refused);
    expect(await alice.post('/api/atome/nothing/erase')).toMatchObject({ status: 404 });
    expect((await alice.get('/api/server-info')).body.seq).toBe(11);
    expect(await server.as('carol', 'admin').post('/api/atome/secret/erase')).toMatchObject({ status: 200 });
  });

  it('is refused as a mutate and where the version is another', async () => {
    await write();
    const push = { operations: [{ opId: 'op', operation: 'redact', atomeId: 'secret', changes: {} }] };
    expect((await alice.post('/api/sync/push', push)).body).toMatchObject({
      results: [{ error: { code: 'invalid' } }],
    });
    const stale = await alice.post('/api/atome/secret/erase', {}, { 'if-match': '"v1"' });
    expect(stale).toMatchObject({ status: 412 });
    expect((await alice.get('/api/atome/secret')).status).toBe(200);
  });

  it('takes writes of the same group with it', async () => {
    await write();
    const writes = Array.from({ length: 20 }, (_, n) =>
      n === 10 ? alice.post('/api/atome/secret/erase') : alice.patch('/api/atome/secret', { n, at: SECRET }),
    );
    await Promise.all(writes);
    expect(await server.dump()).not.toContain(SECRET);
    expect(await server.fault()).toBeUndefined();
  });
});
