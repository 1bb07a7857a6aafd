import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';
import { Api, type Answer } from '../../support/clients/api.js';
import { WS_PATH } from '../../../src/protocol/index.js';
import { TestSocket } from '../../support/clients/socket.js';
import { DATABASES, type Database } from '../../support/databases/databases.js';
import { startEverything, type EverythingHost } from '../../support/everything-host.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { ID, PATHS, type PathRow } from '../../support/http-table.js';
import { WITH_ACCOUNTS } from '../../support/server/accounts.js';
import { tokenOf } from '../../support/server/tokens.js';

/** One call: its path is below the prefix of the routes. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly by?: 'admin' | 'writer' | 'reader' | 'nobody';
}

const LONG_ID = 'x'.repeat(128);
const post = (path: string, body: unknown, more: Partial<Call> = {}): Call => ({ method: 'POST', path, body, ...more });
const get = (path: string, more: Partial<Call> = {}): Call => ({ method: 'GET', path, ...more });
const typed = (type: string): Partial<Call> => ({ headers: { 'content-type': type } });

/** In this order: later calls read what earlier ones have written. */
const CALLS: readonly Call[] = [
  post('atome/create', { id: 'a1', kind: 'note', data: { n: 1, deep: [{ a: '1', b: null }], when: '2026-01-01' } }),
  post(
    'atome/create',
    '{"id":"own","kind":"note","data":{"k":{"constructor":"c","toString":"t","__proto__":1},"then":2}}',
  ),
  post('atome/create', { id: LONG_ID, kind: 'note', type: 'memo', parentId: 'a1', data: {}, tags: ['x'] }),
  post('atome/create', { id: 'mine', kind: 'task', data: {}, access: 'private' }, { by: 'writer' }),
  post('atome/create', { id: 'a1', kind: 'note', data: { other: true } }),
  post('atome/create', { id: 'list', kind: 'note', data: {} }),
  post('atome/create', { kind: 7, data: {} }),
  post('atome/create', { kind: 'note', data: '{}' }),
  post('atome/create', { kind: 'note', data: {}, colour: 'red' }),
  post('atome/create', { kind: 'no te', data: 1 }),
  post('atome/create', []),
  post('atome/create', '{"kind":'),
  post('atome/create', ''),
  post('atome/create', '{"kind":"note","data":{"n":9007199254740993}}'),
  post('atome/create', Buffer.from('{"kind":"note","data":{"t":"\xff"}}', 'latin1')),
  post('atome/create', 'a,b', typed('text/csv')),
  post('atome/create', { kind: 'note', data: {} }, { by: 'reader' }),
  post('atome/create', { kind: 'note', data: {} }, { by: 'nobody' }),
  post('atome/a1/alter', { operation: 'update', changes: { n: '2', 'deep.0.a': 3 } }),
  post('atome/a1/alter', { operation: 'update', changes: { n: 3 }, deviceId: 5 }),
  post('atome/a1/alter', { operation: 'explode', changes: {} }),
  post('atome/a1/rename', { newName: 5 }),
  post('atome/a1/rename', { newName: 'a name' }),
  post('atome/a1/restore', { version: '1' }),
  post('atome/a1/restore', { version: 1 }),
  post('atome/a1/share', { access: { read: ['writer'], write: [] } }),
  post('atome/a1/share', { access: { read: 'writer' } }),
  { method: 'PUT', path: 'atome/own', body: { data: { n: 1, constructor: 'again' }, meta: { m: [1] } } },
  { method: 'PUT', path: 'atome/own', body: { data: {} }, headers: { 'if-match': '"v1"' } },
  { method: 'PATCH', path: 'atome/own', body: { n: null, list: ['1', 2] }, ...typed('application/merge-patch+json') },
  {
    method: 'PATCH',
    path: 'atome/own',
    body: [{ op: 'add', path: '/list/-', value: '3' }],
    ...typed('application/json-patch+json'),
  },
  get('atome/a1'),
  get('atome/own'),
  get(`atome/${LONG_ID}`),
  get('atome/a1?version=1'),
  get('atome/a1?version=01'),
  get('atome/a1?colour=red'),
  get('atome/none'),
  get('atome/mine'),
  get('atome/mine', { by: 'reader' }),
  get('atome/a1/history?limit=2'),
  get('atome/list?sortBy=id&limit=2&count=true'),
  get('atome/list?kind=note&sortBy=id&search=name'),
  get('atome/list?limit=0'),
  get('atome/list?limit=5&limit=6'),
  get('atome/list?includeDeleted=1'),
  get('atome/list', { by: 'nobody' }),
  get('sync/changes?since=0&kinds=note,task'),
  get('sync/changes?since=99999'),
  get('sync/snapshot'),
  get('audit?limit=3&order=asc'),
  get('audit?limit=3', { by: 'writer' }),
  get('audit', { headers: { accept: 'application/x-ndjson' } }),
  get('user-data/export', { by: 'writer' }),
  post('sync/push', {
    operations: [
      { opId: 'p1', operation: 'tag', atomeId: 'a1', changes: { tags: ['t'] } },
      { opId: 'p2', operation: 'create', atomeId: 'p', kind: 'note', data: { constructor: '1' } },
      { opId: 'p3', operation: 'create', kind: 5 },
      7,
    ],
  }),
  post('sync/push', { operations: 'all' }),
  { method: 'DELETE', path: 'atome/own', body: '' },
  { method: 'DELETE', path: 'atome/own', body: { reason: 5 } },
  { method: 'DELETE', path: 'atome/none' },
  get('atome/own?at=2000-01-01'),
  get('atome/list?includeDeleted=true&sortBy=id'),
  post('atome/own/erase', {}),
  get('atome/own/history'),
  { method: 'DELETE', path: 'user-data/delete-all', body: { confirm: 'yes' }, by: 'writer' },
  { method: 'DELETE', path: 'user-data/delete-all', body: { confirm: true }, by: 'writer' },
  post('atome/a1', {}),
];

/** What the table knows of a path: each method, body, query and type, but for streams that have no end. */
function callsOf({ at, types = {}, queries = {}, writes = {} }: PathRow): readonly Call[] {
  const path = at.slice('/api/'.length);
  const ended = Object.entries(types).filter(([, type]) => !type.startsWith('text/event-stream'));
  const accepts = new Set(ended.map(([accept]) => accept || '*/*'));
  return [
    ...[...accepts].map((accept) => get(path, { headers: { accept } })),
    ...Object.keys({ ...queries, 'x=1': 400 }).map((query) => get(`${path}?${query}`)),
    get(path, { by: 'nobody' }),
    get(path, { by: 'reader' }),
    ...Object.entries(writes).flatMap(([method, [body]]): Call[] => [
      { method, path, body },
      { method, path, body: 7 },
      { method, path, body, by: 'nobody' },
      { method, path, body, by: 'reader' },
    ]),
  ];
}

/** Behind the calls: who may go on, and what was not there before. Documents are an application's own, where it has some. */
const PATH_ROWS = Object.entries(PATHS).filter(([name]) => /^\/api\/(?!docs|openapi|async)/.test(name));

/** What both are told that a request is called: their problems repeat it. */
const NAMED = { 'x-request-id': 'one-and-the-same' };

const nameOf = ({ method, path, body, by = 'admin' }: Call): string =>
  `${method} ${path.replace(LONG_ID, '…')} ${body === undefined ? '' : JSON.stringify(body).slice(0, 60)} by ${by}`;

/** A text without what differs from one ledger to the next, and from one prefix to the next. */
function comparable(text: string): string {
  return (
    text
      .replace(/\/(?:shop|api)\//g, '/…/')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'a time')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'an id')
      .replace(/\b[0-9a-f]{64}\b/g, 'a hash')
      .replace(/whsec_[\w+/]+=/g, 'a secret')
      .replace('"/live"', JSON.stringify(WS_PATH))
      .replace(/"(hlc|nextCursor|rights|digest|ticket)":"[^"]*"/g, '"$1":"…"')
      // a token ends, and what is added to an answer for the original client is not added within an envelope
      .replace(/"expiresAt":(?:null|"a time")/, '"expiresAt":"…"')
      .replace(/,"user":\{[^}]*\}/, '')
  );
}

describe.each(DATABASES)('an application with everything that Nest has, on %s', (_database, create) => {
  let databases: Database[];
  let server: TestApp;
  let host: EverythingHost;
  beforeAll(async () => {
    databases = [await create(), await create()];
    server = await startApp({ DATABASE_URL: databases[0]!.url, ...WITH_ACCOUNTS });
    host = await startEverything(databases[1]!.url);
  });
  afterAll(async () => {
    await Promise.all([server.close(), host.close()]);
    await Promise.all(databases.map((each) => each.drop()));
  });

  const standalone = ({ method, path, body, headers, by = 'admin' }: Call): Promise<Answer> =>
    (by === 'nobody' ? server.api : server.api.as(tokenOf(by, { tenant: 'acme' }))).call(method, `/api/${path}`, body, {
      ...NAMED,
      ...headers,
    });
  const embedded = ({ method, path, body, headers, by = 'admin' }: Call): Promise<Answer> =>
    new Api(host.url, by === 'nobody' ? {} : { 'x-user': by }).call(method, `/shop/${path}`, body, {
      ...NAMED,
      ...headers,
    });

  /** What was answered, out of the envelope. */
  function verdictOf({ status, headers, text, body }: Answer, isWrapped: boolean): unknown {
    const type = headers.get('content-type');
    const isJson = type?.startsWith('application/json') === true;
    // one JSON value for the original client, as long as it may be
    if (isJson && 'exportedAt' in body) return { status, type, body: comparable(text) };
    if (isWrapped && isJson) expect(Object.keys(body)).toEqual(['data']);
    const said = isWrapped && isJson ? JSON.stringify(body.data) : isJson ? JSON.stringify(body) : text;
    return { status, type, etag: headers.get('etag') === null ? null : 'a tag', body: comparable(said) };
  }

  it.each(CALLS.map((call) => [nameOf(call), call] as const))('answers as the server: %s', async (_name, call) => {
    const [expected, answer] = [await standalone(call), await embedded(call)];
    expect(verdictOf(answer, true)).toEqual(verdictOf(expected, false));
  });

  it.each(PATH_ROWS)('answers as the server whatever is asked at %s', async (_name, row) => {
    for (const make of [standalone, embedded]) await make(post('atome/create', { id: ID, kind: 'note', data: {} }));
    for (const call of callsOf(row)) {
      const [expected, answer] = [await standalone(call), await embedded(call)];
      expect([nameOf(call), verdictOf(answer, true)]).toEqual([nameOf(call), verdictOf(expected, false)]);
    }
  });

  it('names a request in a problem only where the application has named it', async () => {
    const api = new Api(host.url, { 'x-user': 'admin' });
    expect((await api.get('/shop/atome/none', NAMED)).body).toMatchObject({ requestId: NAMED['x-request-id'] });
    expect((await api.get('/shop/atome/none')).body).not.toHaveProperty('requestId');
  });

  it('keeps answers as long as nobody writes, each for its caller', async () => {
    const { hits } = host.cache;
    const [first, again, other] = [
      await embedded(get('atome/a1?version=2')),
      await embedded(get('atome/a1?version=2')),
      await embedded(get('atome/a1?version=2', { by: 'nobody' })),
    ];
    expect([again.body, host.cache.hits]).toEqual([first.body, hits + 1]);
    expect(other.status).toBe(401);
  });

  it('says who acted, in the ledger as on the way', async () => {
    const { body } = await embedded(get('audit?limit=200'));
    const { data } = body.data as { data: { author: string }[] };
    expect(new Set(data.map(({ author }) => author))).toEqual(new Set(['admin', 'writer']));
  });

  it('has its own routes, guard, filter, sockets and CORS as they were', async () => {
    const api = new Api(host.url);
    expect(await api.get('/shop/v1/orders')).toMatchObject({ status: 200, body: { data: { orders: [] } } });
    expect(await api.get('/shop/v1/orders/broken')).toMatchObject({ status: 418, body: { caught: 'Error: broken' } });
    expect(await api.get('/shop/atome/a1', { 'x-user': 'admin', 'x-banned': '1' })).toMatchObject({ status: 403 });
    const cors = await api.get('/shop/v1/orders', { origin: 'https://shop.example' });
    expect(cors.headers.get('access-control-allow-origin')).toBe('https://shop.example');

    const chat = new WebSocket(`${host.url.replace('http', 'ws')}/chat`);
    await once(chat, 'open');
    chat.send(JSON.stringify({ event: 'say', data: 'hello' }));
    const [said] = (await once(chat, 'message')) as [Buffer];
    expect(JSON.parse(said.toString())).toEqual({ event: 'said', data: 'hello' });
    chat.terminate();
    const graphql = new WebSocket(`${host.url.replace('http', 'ws')}/graphql`);
    const [other] = (await once(graphql, 'message')) as [Buffer];
    expect(other.toString()).toBe('a second library');
    graphql.terminate();
  });

  it('has its other transports, which get what the service says, and why it does not', async () => {
    const ask = (id: string) => firstValueFrom(host.messages.send<unknown>('atome', id));
    const made = await embedded(post('atome/create', { id: 'asked', kind: 'note', data: { n: '1' } }));
    expect(made.status).toBe(201);
    expect(await ask('asked')).toMatchObject({ id: 'asked', data: { n: '1' } });
    await expect(ask('none')).rejects.toEqual({ caught: 'AtomeError: there is no atome "none"' });
    const api = new Api(host.url);
    const query = (id: string) => api.post('/graphql', { query: `{ kindOf(id: "${id}") }` });
    expect((await query('asked')).body).toEqual({ data: { kindOf: 'note' } });
    expect((await query('none')).body).toMatchObject({ errors: [{ message: 'there is no atome "none"' }] });
  });

  it('compresses what is one answer, and not what goes on', async () => {
    const headers = { 'x-user': 'admin', 'accept-encoding': 'gzip' };
    const list = await fetch(`${host.url}/shop/atome/list?limit=100`, { headers });
    expect(list.headers.get('content-encoding')).toBe('gzip');
    expect(await list.json()).toMatchObject({ data: { success: true } });
    const ending = new AbortController();
    const events = await fetch(`${host.url}/shop/sync/changes?since=0`, {
      headers: { ...headers, accept: 'text/event-stream' },
      signal: ending.signal,
    });
    expect(events.headers.get('content-encoding')).toBeNull();
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of events.body!) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('event: ')) break;
    }
    expect(text).toContain('event: ');
    ending.abort();
  });

  it('tells sockets who may, and what is written', async () => {
    const socket = await TestSocket.connect(`${host.url.replace('http', 'ws')}/live`, { 'x-user': 'writer' });
    socket.send({ type: 'mutate', opId: 's1', operation: 'create', atomeId: 's', kind: 'note', data: { n: '1' } });
    expect(await socket.answer()).toMatchObject({ type: 'ack', opId: 's1' });
    await embedded(post('atome/create', { id: 'told', kind: 'note', data: {} }));
    expect(await socket.next('atome:created', ({ atome }) => atome.id === 'told')).toMatchObject({
      type: 'atome:created',
    });
    await socket.close();
    expect((await embedded(get('atome/s'))).body).toMatchObject({
      data: { atome: { ownerId: 'writer', data: { n: '1' } } },
    });
  });
});
