import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Answer, Api } from '../support/clients/api.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { startComplianceServer, type ComplianceServer } from '../support/server/compliance-server.js';

type Line = Record<string, unknown>;

/** The lines of an answer, its digest checked. */
function linesOf({ status, headers, text }: Answer): { header: Line; records: Line[] } {
  expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
  const lines = text.slice(0, -1).split('\n');
  const [header, ...rest] = lines.map((line) => JSON.parse(line) as Line);
  const body = lines.slice(1, -1).map((line) => `${line}\n`);
  const digest = createHash('sha256').update(body.join('')).digest('hex');
  expect(rest.pop()).toEqual({ count: body.length, digest });
  return { header: header!, records: rest };
}

describe.each(DATABASES)('the data of one person, on %s', (_database, create) => {
  let database: Database;
  let server: ComplianceServer;
  let alice: Api;
  let bob: Api;
  beforeEach(async () => {
    database = await create();
    server = await startComplianceServer(database);
    [alice, bob] = [server.as('alice'), server.as('bob')];
    await alice.create({ title: 'mine' }, { id: 'a1' });
    await bob.create({ title: 'of Bob' }, { id: 'b1' });
    await alice.post('/api/atome/b1/alter', { operation: 'update', changes: { title: 'ours' }, reason: 'better' });
    await bob.patch('/api/atome/a1', { title: 'changed' });
    await alice.create({ title: 'old' }, { id: 'a2' });
    await alice.delete('/api/atome/a2');
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
  });

  it('is handed over whole, and nothing of others', async () => {
    const { header, records } = linesOf(await alice.get('/api/user-data/export'));
    expect(header).toMatchObject({ principal: 'alice', tenant: 'acme', seq: 6 });
    expect(records.map(({ type, atome, alteration }) => [type, ((atome ?? alteration) as Line).version])).toEqual([
      ['atome', 2],
      ['alteration', 1],
      ['alteration', 2],
      ['atome', 2],
      ['alteration', 1],
      ['alteration', 2],
      ['authored', 2],
    ]);
    expect(records[2]).toMatchObject({ alteration: { author: 'bob', changes: { title: 'changed' } } });
    expect(records.at(-1)!.alteration).toMatchObject({ seq: 3, atomeId: 'b1', reason: 'better', author: 'alice' });
    expect(JSON.stringify(records.at(-1))).not.toContain('ours');
    expect(linesOf(await server.as('carol', 'reader').get('/api/user-data/export')).records).toEqual([]);
  });

  it('is handed to admins who name the person, and to nobody else', async () => {
    const path = '/api/user-data/export?principal=alice';
    const own = await alice.get('/api/user-data/export');
    expect((await server.as('carol', 'admin').get(path)).text).toBe(own.text);
    expect((await alice.get(path)).text).toBe(own.text);
    expect(await bob.get(path)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('is erased on demand, and what was written to others’ atomes stays', async () => {
    expect((await alice.delete('/api/user-data/delete-all', { confirm: false })).body).toEqual({
      success: true,
      erased: 0,
      complete: false,
    });
    for (const body of [{}, undefined, { confirm: 'true' }, { confirm: true, all: true }]) {
      expect(await alice.delete('/api/user-data/delete-all', body)).toMatchObject({ status: 400 });
    }
    const confirm = { confirm: true, reason: 'I leave' };
    expect((await alice.delete('/api/user-data/delete-all', confirm)).body).toEqual({
      success: true,
      erased: 2,
      complete: true,
    });
    expect((await alice.delete('/api/user-data/delete-all', confirm)).body).toMatchObject({
      erased: 0,
      complete: true,
    });
    for (const id of ['a1', 'a2']) expect(await alice.get(`/api/atome/${id}`)).toMatchObject({ status: 410 });
    expect((await bob.get('/api/atome/b1')).body.atome).toMatchObject({ data: { title: 'ours' } });
    const dump = await server.dump();
    for (const secret of ['mine', 'changed', 'old']) expect(dump).not.toContain(`"${secret}`);
    const { records } = linesOf(await alice.get('/api/user-data/export'));
    expect(new Set(records.map(({ type }) => type))).toEqual(new Set(['authored']));
    expect(await server.fault()).toBeUndefined();
  });

  it('is erased in parts when there is much, and goes on where it stopped', async () => {
    for (let part = 0; part < 3; part += 1) {
      const operations = Array.from({ length: 700 }, (_, n) => {
        const id = `m${part}-${n}`;
        return { opId: id, operation: 'create', atomeId: id, kind: 'note', data: { canary: 1 } };
      });
      await alice.post('/api/sync/push', { operations });
    }
    let erased = 0;
    const answers: boolean[] = [];
    for (let complete = false; !complete;) {
      const { body } = await alice.delete('/api/user-data/delete-all', { confirm: true });
      erased += Number(body.erased);
      complete = body.complete === true;
      answers.push(complete);
    }
    expect([erased, answers.length > 1]).toEqual([2_102, true]);
    expect(await server.dump()).not.toContain('canary');
  });
});
