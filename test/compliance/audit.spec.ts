import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LoggerService } from '@nestjs/common';
import { tokenOf } from '../support/server/tokens.js';
import type { Api } from '../support/clients/api.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { startComplianceServer, type ComplianceServer } from '../support/server/compliance-server.js';

type AuditRecord = Record<string, unknown>;

describe.each(DATABASES)('GET /api/audit, on %s', (_database, create) => {
  let database: Database;
  let server: ComplianceServer;
  let admin: Api;
  const logged: unknown[] = [];
  beforeAll(async () => {
    database = await create();
    server = await startComplianceServer(database);
    const keep = (message: unknown, context: unknown): void => {
      if (context === 'audit') logged.push(message);
    };
    const none = (): void => undefined;
    server.app.useLogger({ log: keep, error: none, warn: none } satisfies LoggerService);
    admin = server.as('carol', 'admin');
    const [alice, bob] = [server.as('alice'), server.as('bob')];
    await alice.create({ secret: 1 }, { id: 'a' });
    await bob.create({ secret: 2 }, { id: 'b', kind: 'task' });
    await bob.post('/api/atome/a/rename', { newName: 'x', reason: 'why' }, { 'x-client-id': 'phone' });
    await alice.post('/api/atome/a/erase', { reason: 'compliance' });
    // more than is walked at once
    const operations = Array.from({ length: 700 }, (_, n) => {
      return { opId: `op-${n}`, operation: 'update', atomeId: 'b', changes: { n } };
    });
    for (let round = 0; round < 3; round += 1) {
      const named = operations.map((each) => ({
        ...each,
        opId: `${each.opId}-${round}`,
        changes: { n: each.opId, round },
      }));
      await bob.post('/api/sync/push', { operations: named });
    }
  });
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const page = async (query: string): Promise<{ data: AuditRecord[]; nextCursor: number | null }> => {
    const { status, body } = await admin.get(`/api/audit?${query}`);
    expect(status).toBe(200);
    return body as unknown as { data: AuditRecord[]; nextCursor: number | null };
  };
  const seqs = async (query: string): Promise<unknown[]> => (await page(query)).data.map(({ seq }) => seq);

  it('tells who did what, when, through what and why, and not what was changed', async () => {
    const { data } = await page('to=4');
    expect(data.map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
    expect(data[1]).toEqual({
      ...{ seq: 3, atomeId: 'a', version: 2, operation: 'rename', author: 'bob', sourceClient: 'phone', opId: null },
      ...{ hlc: expect.any(String), timestamp: expect.any(String), hash: expect.any(String), kind: 'note' },
      // it was erased since
      ...{ reason: null, redacted: true },
    });
    expect(data[0]).toMatchObject({ operation: 'redact', author: 'alice', reason: 'compliance' });
    expect(JSON.stringify(data)).not.toContain('secret');
  });

  it('filters', async () => {
    expect(await seqs('author=alice')).toEqual([4, 1]);
    expect(await seqs('atomeId=a&order=asc')).toEqual([1, 3, 4]);
    expect(await seqs('operation=create')).toEqual([2, 1]);
    expect(await seqs('operation=redact')).toEqual([4]);
    expect(await seqs('sourceClient=phone')).toEqual([3]);
    expect(await seqs('kind=task&to=4')).toEqual([2]);
    expect(await seqs('from=2&to=3&order=asc')).toEqual([2, 3]);
    expect(await seqs('author=nobody')).toEqual([]);
    const [first] = (await page('from=3&to=3')).data;
    const at = String(first!.timestamp);
    const around = (await page(`from=${at}&to=${at}&limit=500`)).data;
    expect(around.map(({ seq }) => seq)).toContain(3);
    expect(around.every(({ timestamp }) => timestamp === at)).toBe(true);
    expect(await seqs('to=1999-01-01')).toEqual([]);
    expect(await seqs('from=2999-01-01')).toEqual([]);
  });

  it.each(['asc', 'desc'])('goes through all of it page by page, %s', async (order) => {
    const all: unknown[] = [];
    let cursor = '';
    for (let next: number | null = 0; next !== null;) {
      const answer: Awaited<ReturnType<typeof page>> = await page(`order=${order}&author=bob&limit=400${cursor}`);
      all.push(...answer.data.map(({ seq }) => seq));
      next = answer.nextCursor;
      cursor = `&cursor=${next}`;
    }
    const expected = [2, 3, ...Array.from({ length: 2_100 }, (_, index) => index + 5)];
    expect(all).toEqual(order === 'asc' ? expected : expected.reverse());
  });

  it('is streamed as lines of JSON', async () => {
    const answer = await admin.get('/api/audit?order=asc', { accept: 'application/x-ndjson' });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const lines = answer.text.trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as AuditRecord);
    expect(records[0]).toMatchObject({ seq: 2_104, epoch: expect.any(String) });
    expect(records.at(-1)).toMatchObject({ count: 2_104, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(records.slice(1, -1).map(({ seq }) => seq)).toEqual(Array.from({ length: 2_104 }, (_, n) => n + 1));
  });

  it.each(['limit=0', 'limit=501', 'order=up', 'from=yesterday', 'operation=explode', 'x=1', 'cursor=a'])(
    'refuses %s',
    async (query) => {
      expect(await admin.get(`/api/audit?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid' } });
    },
  );

  it('is for admins, of their tenant', async () => {
    expect(await server.as('bob').get('/api/audit')).toMatchObject({ status: 403 });
    const other = server.api.as(tokenOf('admin', { tenant: 'other' }));
    expect((await other.get('/api/audit')).body).toEqual({ success: true, data: [], nextCursor: null });
  });

  it('leaves a line in the log, as exports and erasures do', async () => {
    await admin.get('/api/user-data/export?principal=alice');
    const about = { tenant: 'acme', address: '127.0.0.1' };
    expect(logged).toContainEqual({ action: 'erase', actor: 'alice', atomeId: 'a', ...about });
    expect(logged).toContainEqual({ action: 'export', actor: 'carol', subject: 'alice', ...about });
    expect(logged).toContainEqual(expect.objectContaining({ action: 'audit', actor: 'carol', ...about }));
  });
});
