import { beforeEach, describe, expect, it } from '@jest/globals';
import { createUnified, type UnifiedClient } from './unified.js';
import { MemoryNetwork } from '../connection/memory-transport.js';
import type { AnyEvent } from '../core/event-map.js';

interface Request {
  readonly call: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

let requests: Request[];
let answer: { status: number; body: object };
let client: UnifiedClient;
let network: MemoryNetwork;

beforeEach(() => {
  requests = [];
  answer = { status: 200, body: { success: true } };
  network = new MemoryNetwork();
  client = createUnified({
    url: 'http://server',
    dial: network.dial,
    fetch: (url, init) => {
      requests.push({
        call: `${init!.method} ${(url as string).slice('http://server'.length)}`,
        body: init!.body === undefined ? undefined : JSON.parse(init!.body as string),
        headers: init!.headers as Record<string, string>,
      });
      return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status }));
    },
  });
});

type Api = UnifiedClient['UnifiedAtome'];

const CALLS: [string, (api: Api) => Promise<unknown>, string, unknown][] = [
  ['create', (api) => api.create({ kind: 'note', data: {} }), 'POST /api/atome/create', { kind: 'note', data: {} }],
  ['get', (api) => api.get('a:1'), 'GET /api/atome/a%3A1', undefined],
  ['get at a version', (api) => api.get('a', { version: 2 }), 'GET /api/atome/a?version=2', undefined],
  ['list', (api) => api.list(), 'GET /api/atome/list', undefined],
  [
    'list some',
    (api) => api.list({ kind: 'note', limit: 5, includeDeleted: true }),
    'GET /api/atome/list?kind=note&limit=5&includeDeleted=true',
    undefined,
  ],
  [
    'alter',
    (api) => api.alter('a', { operation: 'tag', changes: { tags: ['x'] }, reason: 'why' }),
    'POST /api/atome/a/alter',
    { operation: 'tag', changes: { tags: ['x'] }, reason: 'why' },
  ],
  [
    'alter without an operation',
    (api) => api.alter('a', { changes: { x: 1 } }),
    'POST /api/atome/a/alter',
    { operation: 'update', changes: { x: 1 } },
  ],
  [
    'replace',
    (api) => api.alter('a', { operation: 'replace', changes: { data: { x: 1 } }, reason: 'why' }),
    'PUT /api/atome/a',
    { data: { x: 1 }, reason: 'why' },
  ],
  [
    'update',
    (api) => api.update('a', { x: 1 }, { reason: 'why' }),
    'POST /api/atome/a/alter',
    { operation: 'update', changes: { x: 1 }, reason: 'why' },
  ],
  ['rename', (api) => api.rename('a', 'b'), 'POST /api/atome/a/rename', { newName: 'b' }],
  ['rename by name', (api) => api.rename('a', { newName: 'b' }), 'POST /api/atome/a/rename', { newName: 'b' }],
  ['delete', (api) => api.delete('a', { reason: 'why' }), 'DELETE /api/atome/a', { reason: 'why' }],
  ['history', (api) => api.history('a', { page: 2 }), 'GET /api/atome/a/history?page=2', undefined],
  ['restore', (api) => api.restore('a', 2), 'POST /api/atome/a/restore', { version: 2 }],
  [
    'restore by name',
    (api) => api.restore('a', { version: 2, reason: 'why' }),
    'POST /api/atome/a/restore',
    { version: 2, reason: 'why' },
  ],
];

describe('UnifiedAtome', () => {
  it.each(CALLS)('%s', async (_, run, call, body) => {
    expect(await run(client.UnifiedAtome)).toEqual({ success: true });
    expect(requests).toMatchObject([{ call, body }]);
    expect(requests[0]!.headers['idempotency-key'] !== undefined).toBe(!call.startsWith('GET'));
  });

  it('gives each write a name of its own, and asks for the version it is based on', async () => {
    await client.UnifiedAtome.update('a', { x: 1 }, { baseVersion: 3 });
    await client.UnifiedAtome.update('a', { x: 1 });
    const [first, second] = requests.map(({ headers }) => headers);
    expect(first!['if-match']).toBe('"v3"');
    expect(second!['if-match']).toBeUndefined();
    expect(first!['idempotency-key']).not.toBe(second!['idempotency-key']);
  });

  it('refuses an id that would lead elsewhere', async () => {
    for (const id of ['', '.', '..', undefined as unknown as string]) {
      expect(await client.UnifiedAtome.delete(id)).toMatchObject({ success: false, code: 'invalid' });
      expect(await client.UnifiedAtome.get(id)).toMatchObject({ success: false, code: 'invalid' });
    }
    expect(requests).toEqual([]);
  });

  it('counts what waits, and tells of what was refused', async () => {
    const heard: AnyEvent[] = [];
    client.UnifiedSync.on('*', (event) => heard.push(event));
    answer = { status: 410, body: { code: 'gone', error: 'it was deleted' } };
    const result = await client.UnifiedAtome.rename('a', 'b');

    expect(result).toMatchObject({ success: false, code: 'gone', error: 'it was deleted' });
    expect(heard).toEqual([
      { type: 'sync:pending', count: 1 },
      { type: 'sync:pending', count: 0 },
      {
        type: 'sync:rejected',
        operation: { opId: requests[0]!.headers['idempotency-key'], operation: 'rename', atomeId: 'a', newName: 'b' },
        error: { code: 'gone', message: 'it was deleted', status: 410, retryable: false },
      },
    ]);
  });

  it('does not hear its own writes, also when their event comes before their answer', async () => {
    const heard: AnyEvent[] = [];
    client.SyncWebSocket.onAll((event) => event.type.startsWith('atome:') && heard.push(event));
    const connected = client.SyncWebSocket.connect();
    await Promise.resolve();
    network.peer.send({ type: 'welcome', clientId: 'c1', serverTime: 't', authRequired: false });
    network.peer.send({ type: 'subscribed', epoch: 'e', from: 0, head: 0 });
    await connected;

    const created = client.UnifiedAtome.create({ kind: 'note', data: {} });
    await Promise.resolve();
    await Promise.resolve();
    expect(requests[0]!.headers['x-client-id']).toBe('c1');
    const opId = requests[0]!.headers['idempotency-key'];
    const event = { type: 'atome:created', atome: { id: 'a' }, seq: 1, timestamp: 't', sourceClient: null, opId };
    network.peer.send({ type: 'events', from: 0, to: 1, hash: 'h', events: [event] });
    await created;
    client.SyncWebSocket.disconnect();

    expect(heard).toEqual([]);
  });
});
