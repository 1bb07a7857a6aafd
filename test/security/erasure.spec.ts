import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tokenOf } from '../support/server/tokens.js';
import { bearer, type Answer } from '../support/clients/api.js';
import { createFile, type Database } from '../support/databases/databases.js';
import { startComplianceServer, type ComplianceServer } from '../support/server/compliance-server.js';
import type { TestSocket } from '../support/clients/socket.js';

const linesOf = ({ text }: Answer): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .slice(1, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('erasure and own data under rights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atome-policies-'));
  const file = join(folder, 'policies.json');
  let database: Database;
  let server: ComplianceServer;
  beforeEach(async () => {
    writeFileSync(file, JSON.stringify({ secret: { read: ['group:staff'] } }));
    database = createFile();
    server = await startComplianceServer(database, { POLICIES_FILE: file, HEAD_POLL_MS: '20' });
  });
  afterEach(async () => {
    await server.close();
    await database.drop();
    rmSync(file);
  });

  const reader = async (on: ComplianceServer, sub: string): Promise<TestSocket> => {
    const socket = await on.connect(bearer(tokenOf('reader', { sub })));
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    return socket;
  };

  it('tells nobody of the end of what could never be seen', async () => {
    const other = await startComplianceServer(database, { HEAD_POLL_MS: '20' });
    const alice = server.as('alice');
    const sockets = [await reader(server, 'bob'), await reader(other, 'bob')];
    const plain = await server.connect(bearer(tokenOf('reader', { sub: 'bob' })));
    await plain.next('welcome');
    await alice.create({}, { id: 'hidden', access: 'private' });
    await alice.create({}, { id: 'lost', access: { read: ['bob'], write: [] } });
    await alice.post('/api/atome/lost/share', { access: 'private' });
    for (const id of ['hidden', 'lost']) expect((await alice.post(`/api/atome/${id}/erase`)).status).toBe(200);
    await alice.create({}, { id: 'end' });
    for (const socket of sockets) await socket.next('events', ({ to }) => to === 6);
    await plain.next('atome:created', ({ seq }) => seq === 6);
    const late = [await reader(server, 'bob'), await reader(other, 'bob')];
    for (const { received } of [...sockets, ...late, plain]) expect(JSON.stringify(received)).not.toContain('hidden');
    const { text } = await server.as('bob').get('/api/sync/changes?since=2');
    expect(text).not.toContain('hidden');
    // who may have a copy is told to drop it
    expect(text).toContain('{"type":"atome:left","atomeId":"lost","reason":"access","seq":5}');
    await other.close();
  });

  it('of all that is one’s own is not stopped by what one may not see any more', async () => {
    const alice = server.as('alice');
    for (const id of ['a', 'b', 'c']) await alice.create({ title: id }, { id });
    const admin = server.as('carol', 'admin');
    expect((await admin.put('/api/atome/b', { kind: 'secret' })).status).toBe(200);
    expect((await alice.get('/api/atome/b')).status).toBe(404);
    expect((await alice.delete('/api/user-data/delete-all', { confirm: true })).body).toEqual({
      success: true,
      erased: 2,
      complete: true,
      kept: 1,
    });
    for (const id of ['a', 'c']) expect((await admin.get(`/api/atome/${id}`)).status).toBe(410);
    expect((await admin.get('/api/atome/b')).status).toBe(200);
    expect(await server.fault()).toBeUndefined();
  });

  it('does not tell in an export what one may not see any more', async () => {
    const [alice, bob, admin] = [server.as('alice'), server.as('bob'), server.as('carol', 'admin')];
    await alice.create({ title: 'mine' }, { id: 'a' });
    await bob.create({ title: 'of Bob' }, { id: 'b' });
    await alice.patch('/api/atome/b', { title: 'ours' });
    await admin.put('/api/atome/a', { kind: 'secret', data: { title: 'judged' } });
    await bob.post('/api/atome/b/share', { access: 'private' });
    await bob.put('/api/atome/b', { kind: 'plan' });
    const answer = await alice.get('/api/user-data/export');
    expect(answer.text).not.toContain('judged');
    expect(answer.text).not.toContain('plan');
    expect(linesOf(answer).map(({ type }) => type)).toEqual(['authored']);
    expect((await admin.get('/api/user-data/export?principal=alice')).text).toContain('judged');
  });
});
