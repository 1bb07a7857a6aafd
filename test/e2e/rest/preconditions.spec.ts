import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AtomeService } from '../../../src/atome/atome.service.js';
import type { Answer } from '../../support/clients/api.js';
import type { TestApp } from '../../support/server/app.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

type Headers = Record<string, string>;
const FUTURE = 'Thu, 01 Jan 2099 00:00:00 GMT';
const PAST = 'Thu, 01 Jan 2015 00:00:00 GMT';

/** An atome at version 2, and the tags that a client may have of it. */
interface Subject {
  readonly id: string;
  readonly path: string;
  /** Its tag now, that of version 1, and that of another atome which is at version 2 as well. */
  readonly now: string;
  readonly old: string;
  readonly foreign: string;
}

/** Every write to one atome. */
const WRITES: Record<string, (api: TestApp['api'], path: string, headers: Headers) => Promise<Answer>> = {
  PUT: (api, path, headers) => api.put(path, { data: { n: 3 } }, headers),
  PATCH: (api, path, headers) => api.patch(path, { n: 3 }, undefined, headers),
  DELETE: (api, path, headers) => api.delete(path, undefined, headers),
  'POST alter': (api, path, headers) => api.post(`${path}/alter`, { operation: 'update', changes: { n: 3 } }, headers),
  'POST rename': (api, path, headers) => api.post(`${path}/rename`, { newName: 'new' }, headers),
  'POST restore': (api, path, headers) => api.post(`${path}/restore`, { version: 1 }, headers),
  'POST share': (api, path, headers) => api.post(`${path}/share`, { access: 'private' }, headers),
  'POST erase': (api, path, headers) => api.post(`${path}/erase`, {}, headers),
};

/** What a header asks for, and how a write to the subject is answered. */
const ON_WRITES: [name: string, headers: (subject: Subject) => Headers, status: number][] = [
  ['If-Match: its tag', ({ now }) => ({ 'if-match': now }), 200],
  ['If-Match: *', () => ({ 'if-match': '*' }), 200],
  ['If-Match: its version', () => ({ 'if-match': '"v2"' }), 200],
  ['If-Match: a list with its tag', ({ old, now }) => ({ 'if-match': `${old} , ${now}` }), 200],
  ['If-Match: a list with its version', ({ foreign }) => ({ 'if-match': `${foreign},"v2"` }), 200],
  ['If-Match: its tag of before', ({ old }) => ({ 'if-match': old }), 412],
  ['If-Match: its version of before', () => ({ 'if-match': '"v1"' }), 412],
  ['If-Match: the tag of another', ({ foreign }) => ({ 'if-match': foreign }), 412],
  ['If-Match: a list of others', ({ old, foreign }) => ({ 'if-match': `${old}, ${foreign}` }), 412],
  ['If-Match: its tag, weak', ({ now }) => ({ 'if-match': `W/${now}` }), 412],
  ['If-Match: its version, weak', () => ({ 'if-match': 'W/"v2"' }), 412],
  ['If-Match: its tag, compressed', ({ now }) => ({ 'if-match': now.replace(/"$/, '-gzip"') }), 412],
  ['If-Match: any text', () => ({ 'if-match': '"abc"' }), 412],
  ['If-Match: a version with a zero', () => ({ 'if-match': '"v02"' }), 412],
  ['If-Match: nothing', () => ({ 'if-match': '' }), 412],
  ['If-Match: no quotes', () => ({ 'if-match': 'v2' }), 400],
  ['If-Match: * and a tag', ({ now }) => ({ 'if-match': `*, ${now}` }), 400],
  ['If-None-Match: *', () => ({ 'if-none-match': '*' }), 412],
  ['If-None-Match: its tag', ({ now }) => ({ 'if-none-match': now }), 412],
  ['If-None-Match: its tag, weak', ({ now }) => ({ 'if-none-match': `W/${now}` }), 412],
  ['If-None-Match: its version', () => ({ 'if-none-match': '"v2"' }), 412],
  ['If-None-Match: a list with its tag', ({ old, now }) => ({ 'if-none-match': `${old},${now}` }), 412],
  ['If-None-Match: others', ({ old, foreign }) => ({ 'if-none-match': `${old}, ${foreign}` }), 200],
  ['If-None-Match: no quotes', () => ({ 'if-none-match': 'v2' }), 400],
  ['both, and one fails', ({ now }) => ({ 'if-match': now, 'if-none-match': '*' }), 412],
  ['If-Unmodified-Since: later', () => ({ 'if-unmodified-since': FUTURE }), 200],
  ['If-Unmodified-Since: before it was written', () => ({ 'if-unmodified-since': PAST }), 412],
  ['If-Unmodified-Since: no date', () => ({ 'if-unmodified-since': 'yesterday' }), 200],
  ['If-Match goes before If-Unmodified-Since', ({ now }) => ({ 'if-match': now, 'if-unmodified-since': PAST }), 200],
  ['If-Modified-Since means nothing to a write', () => ({ 'if-modified-since': FUTURE }), 200],
];

describe.each(DATABASES)('preconditions over REST, on %s', (_database, create) => {
  let server: TestApp;
  let foreign = '';
  beforeAll(async () => {
    server = await startOn(create);
    foreign = (await subject()).now;
  });
  afterAll(() => server.close());

  async function subject(): Promise<Subject> {
    const id = randomUUID();
    const path = `/api/atome/${id}`;
    const created = await server.api.post('/api/atome/create', { id, kind: 'note', data: { n: 1 } });
    const replaced = await server.api.put(path, { data: { n: 2 } });
    const [old, now] = [created, replaced].map(({ headers }) => headers.get('etag')!) as [string, string];
    return { id, path, old, now, foreign };
  }

  describe.each(Object.entries(WRITES))('%s', (_method, write) => {
    it.each(ON_WRITES)('with %s', async (_name, headersOf, status) => {
      const atome = await subject();
      const answer = await write(server.api, atome.path, headersOf(atome));
      expect(answer).toMatchObject({
        status,
        ...(status === 412 && { body: { code: 'precondition_failed', version: 2 } }),
      });
      if (status === 200) expect(answer.headers.get('etag')).not.toBe(atome.now);
      else expect((await server.api.get(atome.path)).body).toMatchObject({ atome: { version: 2, data: { n: 2 } } });
    });

    it('of what is not there is 404, whatever its preconditions', async () => {
      for (const headers of [{ 'if-match': '*' }, { 'if-match': '"v1"' }, { 'if-none-match': '*' }] as Headers[]) {
        expect(await write(server.api, '/api/atome/nobody', headers)).toMatchObject({ status: 404 });
      }
    });
  });

  it('leave it to the atome to be gone', async () => {
    const { path } = await subject();
    const deleted = (await server.api.delete(path)).headers.get('etag')!;
    const put = (headers: Headers) => server.api.put(path, { data: {} }, headers);
    for (const headers of [{ 'if-match': '"v1"' }, { 'if-match': deleted }, { 'if-none-match': '*' }] as Headers[]) {
      expect(await put(headers)).toMatchObject({ status: 410, body: { code: 'gone' } });
    }
    // it still has a version, which can be deleted or restored
    expect(await server.api.delete(path, undefined, { 'if-match': '"v2"' })).toMatchObject({ status: 412 });
    const restore = (headers: Headers) => server.api.post(`${path}/restore`, { version: 1 }, headers);
    expect(await restore({ 'if-none-match': '*' })).toMatchObject({ status: 412 });
    expect(await restore({ 'if-match': '"v2"' })).toMatchObject({ status: 412 });
    expect(await restore({ 'if-match': deleted })).toMatchObject({ status: 200, body: { newVersion: 4 } });
  });

  it.each([
    ['nothing', {}, 201, 201, 409],
    ['If-None-Match: *', { 'if-none-match': '*' }, 201, 412, 412],
    ['If-None-Match: its version', { 'if-none-match': '"v1"' }, 201, 412, 412],
    ['If-None-Match: another', { 'if-none-match': '"abc"' }, 201, 201, 409],
    ['If-Match: *', { 'if-match': '*' }, 412, 201, 409],
    ['If-Match: its version', { 'if-match': '"v1"' }, 412, 201, 409],
    ['If-Match: another', { 'if-match': '"abc"' }, 412, 412, 412],
    ['If-Unmodified-Since: before', { 'if-unmodified-since': PAST }, 201, 412, 412],
  ])('of a create, %s: new, again, and with other content', async (_name, headers: Headers, fresh, again, other) => {
    const id = randomUUID();
    const post = (data: object, more: Headers) =>
      server.api.post('/api/atome/create', { id, kind: 'note', data }, more);
    const statuses = [(await post({ n: 1 }, headers)).status];
    if (fresh !== 201) await post({ n: 1 }, {});
    statuses.push((await post({ n: 1 }, headers)).status, (await post({ n: 2 }, headers)).status);
    expect(statuses).toEqual([fresh, again, other]);
    expect((await server.api.get(`/api/atome/${id}`)).body).toMatchObject({ atome: { version: 1, data: { n: 1 } } });
  });

  it('are met by a create that makes its own id, but for If-Match', async () => {
    const post = (headers: Headers) => server.api.post('/api/atome/create', { kind: 'note', data: {} }, headers);
    expect((await post({ 'if-none-match': '*' })).status).toBe(201);
    expect((await post({ 'if-match': '*' })).status).toBe(412);
  });

  it('were met by the first of two writes under one Idempotency-Key, and are not asked again', async () => {
    const id = randomUUID();
    const key = { 'idempotency-key': randomUUID() };
    const post = () =>
      server.api.post('/api/atome/create', { id, kind: 'note', data: {} }, { ...key, 'if-none-match': '*' });
    const first = await post();
    expect(await post()).toMatchObject({ status: 201, body: first.body });
    const second = { 'idempotency-key': randomUUID(), 'if-match': first.headers.get('etag')! };
    const put = () => server.api.put(`/api/atome/${id}`, { data: { n: 1 } }, second);
    const written = await put();
    expect(written.status).toBe(200);
    const repeated = await put();
    expect(repeated).toMatchObject({ status: 200, body: written.body });
    expect(repeated.headers.get('etag')).toBe(written.headers.get('etag'));
  });

  it('let exactly one of many writers of one version through', async () => {
    for (const tagOf of [({ now }: Subject) => now, () => '"v2"', ({ old, now }: Subject) => `${old}, ${now}`]) {
      const atome = await subject();
      const put = (n: number) => server.api.put(atome.path, { data: { by: n } }, { 'if-match': tagOf(atome) });
      const statuses = (await Promise.all([1, 2, 3, 4, 5].map(put))).map(({ status }) => status);
      expect(statuses.sort()).toEqual([200, 412, 412, 412, 412]);
      expect((await server.api.get(atome.path)).body).toMatchObject({ atome: { version: 3 } });
    }
  });

  it('let exactly one of many creates of one id through', async () => {
    const id = randomUUID();
    const post = () => server.api.post('/api/atome/create', { id, kind: 'note', data: {} }, { 'if-none-match': '*' });
    const statuses = (await Promise.all([post(), post(), post()])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 412, 412]);
  });

  it('hold for a write that would change nothing', async () => {
    const { path, now } = await subject();
    const same = (tag: string) => server.api.put(path, { data: { n: 2 } }, { 'if-match': tag });
    expect(await same('"v1"')).toMatchObject({ status: 412 });
    const noop = await same('"v2"');
    expect(noop).toMatchObject({ status: 200, body: { version: 2, alteration: null } });
    expect(noop.headers.get('etag')).toBe(now);
  });

  it.each([
    ['If-None-Match: its tag', ({ now }: Subject) => ({ 'if-none-match': now }), 304],
    ['If-None-Match: its tag, weak', ({ now }: Subject) => ({ 'if-none-match': `W/${now}` }), 304],
    ['If-None-Match: a list', ({ old, now }: Subject) => ({ 'if-none-match': `${old}, W/${now}` }), 304],
    ['If-None-Match: *', () => ({ 'if-none-match': '*' }), 304],
    ['If-None-Match: its tag of before', ({ old }: Subject) => ({ 'if-none-match': old }), 200],
    ['If-None-Match: the tag of another', ({ foreign }: Subject) => ({ 'if-none-match': foreign }), 200],
    ['If-None-Match: its version', () => ({ 'if-none-match': '"v2"' }), 200],
    ['If-None-Match: its version, weak', () => ({ 'if-none-match': 'W/"v2"' }), 200],
    ['If-None-Match: no tag', () => ({ 'if-none-match': 'garbage' }), 200],
    ['If-Match: its tag', ({ now }: Subject) => ({ 'if-match': now }), 200],
    ['If-Match: its version', () => ({ 'if-match': '"v2"' }), 200],
    ['If-Match: its tag, weak', ({ now }: Subject) => ({ 'if-match': `W/${now}` }), 412],
    ['If-Match: its tag of before', ({ old }: Subject) => ({ 'if-match': old }), 412],
    ['If-Match goes first', ({ old, now }: Subject) => ({ 'if-match': old, 'if-none-match': now }), 412],
    ['If-Match: no tag', () => ({ 'if-match': 'v2' }), 400],
    ['If-Unmodified-Since: before it was written', () => ({ 'if-unmodified-since': PAST }), 412],
    ['If-Modified-Since, which is ignored', () => ({ 'if-modified-since': FUTURE }), 200],
    ['Range and If-Range, which are ignored', ({ now }: Subject) => ({ range: 'bytes=0-1', 'if-range': now }), 200],
  ])('of a read: %s', async (_name, headersOf: (subject: Subject) => Headers, status) => {
    const atome = await subject();
    for (const method of ['GET', 'HEAD']) {
      const { headers, text, ...answer } = await server.api.call(method, atome.path, undefined, headersOf(atome));
      expect({ method, status: answer.status }).toEqual({ method, status });
      if (status >= 400) continue;
      expect(headers.get('etag')).toBe(atome.now);
      expect(headers.get('cache-control')).toBe('private, no-cache');
      expect(headers.get('vary')).toContain('Authorization');
      expect(text === '').toBe(method === 'HEAD' || status === 304);
    }
  });

  it('take several lines of one header together', async () => {
    const { path, old, now } = await subject();
    // fetch would join them
    const lines = async (method: string, name: string, values: string[]): Promise<number> => {
      const headers = { 'content-type': 'application/json', [name]: values };
      const call = request(server.url + path, { method, headers }).end(
        method === 'PUT' ? '{"data":{"n":4}}' : undefined,
      );
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      return response.resume().statusCode!;
    };
    expect(await lines('GET', 'If-None-Match', [old, now])).toBe(304);
    expect(await lines('GET', 'If-None-Match', [old, '"x"'])).toBe(200);
    expect(await lines('PUT', 'If-Match', [old, '"x"'])).toBe(412);
    expect(await lines('PUT', 'If-None-Match', [old, now])).toBe(412);
    expect(await lines('PUT', 'If-Match', [old, now])).toBe(200);
  });

  it('are held by AtomeService, too', async () => {
    const atomes = server.app.get(AtomeService);
    const { id, etag, version } = await atomes.create({ kind: 'note', data: {} }, { ifNoneMatch: '*' });
    const alter = (n: number, context: object) => atomes.replace(id, { data: { n } }, context);
    const refused = { code: 'precondition_failed' };
    await expect(atomes.create({ id, kind: 'note', data: {} }, { ifNoneMatch: '*' })).rejects.toMatchObject(refused);
    const second = await alter(1, { ifMatch: etag });
    expect([version, second.version]).toEqual([1, 2]);
    await expect(alter(2, { ifMatch: etag })).rejects.toMatchObject(refused);
    await expect(alter(2, { ifMatch: '"v1"' })).rejects.toMatchObject(refused);
    await expect(alter(2, { ifNoneMatch: second.etag })).rejects.toMatchObject(refused);
    await expect(alter(2, { ifMatch: 2 })).rejects.toMatchObject({ code: 'invalid' });
    const raced = await Promise.allSettled([alter(3, { ifMatch: '"v2"' }), alter(4, { ifMatch: second.etag })]);
    expect(raced.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await alter(5, { ifMatch: `${etag}, "v3"` })).toMatchObject({ version: 4 });
  });
});

describe('If-Match on a call that writes no single atome', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startOn(DATABASES[0]![1]);
  });
  afterAll(() => server.close());

  it.each([
    ['POST', '/api/sync/push', { operations: [] }],
    ['DELETE', '/api/user-data/delete-all', { confirm: true }],
  ])('%s %s: is refused, and nothing is done', async (method, path, body) => {
    const { id } = await server.api.create();
    for (const tag of ['*', '"v1"']) {
      const refused = await server.api.call(method, path, body, { 'if-match': tag });
      expect(refused).toMatchObject({
        status: 412,
        body: { code: 'precondition_failed', detail: expect.stringContaining('leave it out') },
      });
    }
    expect((await server.api.get(`/api/atome/${String(id)}`)).status).toBe(200);
    expect((await server.api.call(method, path, body, { 'if-none-match': '*' })).status).toBe(200);
  });
});
