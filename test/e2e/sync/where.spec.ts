import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestApp } from '../../support/server/app.js';
import type { TestSocket } from '../../support/clients/socket.js';
import { EventStream } from '../../support/clients/event-stream.js';
import { DATABASES } from '../../support/databases/databases.js';
import { startOn } from '../../support/server/server-on.js';

interface Told {
  readonly type: string;
  readonly atomeId?: string;
  readonly atome?: { readonly id: string };
}
const nameOf = ({ type, atomeId, atome }: Told): string => `${type.slice(6)} ${atome?.id ?? atomeId}`;

describe.each(DATABASES)('a condition of who follows, on %s', (_database, create) => {
  let server: TestApp;
  let kinds = 0;
  beforeAll(async () => {
    server = await startOn(create);
  });
  afterAll(() => server.close());

  /** Three tasks of a kind of their own: open, open and done. */
  async function tasks(): Promise<{ kind: string; since: number }> {
    const kind = `task${(kinds += 1)}`;
    const add = (id: string, status: string) => server.api.create({ status }, { id: `${kind}-${id}`, kind });
    await add('a', 'open');
    await add('b', 'open');
    const { seq } = await add('c', 'done');
    return { kind, since: seq as number };
  }
  const set = (id: string, status: string) =>
    server.api.post(`/api/atome/${id}/alter`, { operation: 'update', changes: { status } });
  /** `a` goes out, `c` comes in, `b` stays in, and what is told of that. */
  async function work(kind: string): Promise<void> {
    await set(`${kind}-a`, 'done');
    await set(`${kind}-c`, 'open');
    await server.api.post(`/api/atome/${kind}-b/rename`, { newName: 'other' });
    await set(`${kind}-a`, 'late');
    await server.api.delete(`/api/atome/${kind}-c`);
  }
  const worked = (kind: string): string[] => [
    `left ${kind}-a`,
    `altered ${kind}-c`,
    `altered ${kind}-b`,
    `deleted ${kind}-c`,
  ];
  const OPEN = { 'data.status': 'open' };
  const changes = async (query: string): Promise<Told[]> =>
    (await server.api.get(`/api/sync/changes?${query}`)).body.events as Told[];

  it('is told of on a WebSocket as it happens, and later', async () => {
    const { kind, since } = await tasks();
    const socket = await server.connect();
    socket.send({ type: 'subscribe', kinds: [kind], where: OPEN });
    await socket.next('sync:live');
    await work(kind);
    const told = async (reader: TestSocket): Promise<string[]> => {
      await reader.next('events', ({ events }) => events.some(({ type }) => type === 'atome:deleted'));
      return reader.all('events').flatMap(({ events }) => events.map(nameOf));
    };
    expect(await told(socket)).toEqual(worked(kind));
    const later = await server.connect();
    later.send({ type: 'subscribe', since, kinds: [kind], where: OPEN });
    expect(await told(later)).toEqual(worked(kind));
  });

  it('is told of to who asks, waits or listens to a stream', async () => {
    const { kind, since } = await tasks();
    const query = `kinds=${kind}&where[data.status]=open`;
    const stream = await EventStream.open(`${server.url}/api/sync/changes?since=${since}&${query}`);
    await stream.next();
    await work(kind);
    expect((await changes(`since=${since}&${query}`)).map(nameOf)).toEqual(worked(kind));
    expect((await stream.take(4)).map(({ data }) => nameOf(data as unknown as Told))).toEqual(worked(kind));
    stream.close();
    // nothing of it matches, and then something does
    const head = (await server.api.get('/api/sync/changes?since=0&limit=1')).body.head as number;
    const poll = changes(`since=${head}&wait=60&${query}`);
    await set(`${kind}-a`, 'never');
    await set(`${kind}-a`, 'open');
    expect((await poll).map(nameOf)).toEqual([`altered ${kind}-a`]);
  });

  it('leaves out of a first state and of a snapshot what does not match', async () => {
    const { kind } = await tasks();
    await work(kind);
    const where = encodeURIComponent(JSON.stringify({ kind, deletedAt: null, or: [OPEN, { 'data.status': 'late' }] }));
    expect((await changes(`compact=true&where=${where}`)).map(nameOf)).toEqual([
      `altered ${kind}-b`,
      `altered ${kind}-a`,
    ]);
    const { text } = await server.api.get(`/api/sync/snapshot?where=${where}`);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id?: string });
    expect(lines.slice(1, -1).map(({ id }) => id)).toEqual([`${kind}-a`, `${kind}-b`]);
  });

  it('is refused with the words of the list, before anything is told', async () => {
    const bad = { 'data.status': { like: 'o' } };
    const query = `where=${encodeURIComponent(JSON.stringify(bad))}`;
    const refusals = await Promise.all(
      ['atome/list?', 'sync/changes?', 'sync/snapshot?'].map((path) => server.api.get(`/api/${path}${query}`)),
    );
    const stream = await fetch(`${server.url}/api/sync/changes?${query}`, { headers: { accept: 'text/event-stream' } });
    const words = 'data.status "like" is no operator; there are eq, ne';
    for (const { status, body } of refusals)
      expect({ status, ...body }).toMatchObject({ status: 400, code: 'invalid', errors: [{ path: 'where' }] });
    for (const { body } of refusals) expect(body.detail).toContain(words);
    expect([stream.status, await stream.text()]).toEqual([400, expect.stringContaining(words.replaceAll('"', '\\"'))]);
    const socket = await server.connect();
    socket.send({ type: 'subscribe' });
    await socket.next('sync:live');
    socket.send({ type: 'subscribe', since: 0, where: bad });
    expect(await socket.next('error')).toMatchObject({ code: 'invalid', message: expect.stringContaining(words) });
    // what was subscribed to goes on
    await server.api.create({ status: 'open' }, { id: 'last' });
    await socket.next('events', ({ events }) => events.some((event) => nameOf(event) === 'created last'));
  });
});
