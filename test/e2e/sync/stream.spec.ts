import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from '../../../src/http/drain.js';
import { startApp, type TestApp } from '../../support/server/app.js';
import { EventStream } from '../../support/clients/event-stream.js';

describe('server-sent events', () => {
  let server: TestApp;
  const streams: EventStream[] = [];
  beforeEach(async () => {
    server = await startApp();
    for (let n = 1; n <= 3; n += 1) await server.api.create({ n }, { id: `a${n}` });
  });
  afterEach(async () => {
    streams.splice(0).forEach((stream) => stream.close());
    await server.close();
  });

  async function open(query = '', headers: Record<string, string> = {}): Promise<EventStream> {
    const stream = await EventStream.open(`${server.url}/api/sync/changes?${query}`, headers);
    streams.push(stream);
    return stream;
  }

  it('replay what is behind the cursor, say so, and go on live', async () => {
    const stream = await open('since=1');
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers.get('cache-control')).toContain('no-store');
    expect(await stream.take(3)).toMatchObject([
      { type: 'message', id: '2', data: { type: 'atome:created', seq: 2, atome: { id: 'a2' } } },
      { type: 'message', id: '3', data: { seq: 3 } },
      { type: 'sync:live', id: undefined, data: { type: 'sync:live', seq: 3 } },
    ]);
    await server.api.patch('/api/atome/a1', { n: 4 });
    expect(await stream.next()).toMatchObject({ id: '4', data: { type: 'atome:altered', atomeId: 'a1' } });
  });

  it('begin now where no cursor is given', async () => {
    const stream = await open();
    expect(await stream.next()).toMatchObject({ type: 'sync:live' });
    await server.api.create({}, { id: 'a4' });
    expect(await stream.next()).toMatchObject({ id: '4', data: { atome: { id: 'a4' } } });
  });

  it('resume behind Last-Event-ID, which goes before the query that the browser repeats', async () => {
    const first = await open('since=0');
    const lastId = (await first.take(2)).at(-1)!.id!;
    first.close();
    await server.api.create({}, { id: 'a4' });
    const second = await open('since=0', { 'last-event-id': lastId });
    expect((await second.take(3)).map(({ id }) => id)).toEqual(['3', '4', undefined]);
  });

  it('show what the filter names', async () => {
    const stream = await open('since=0&kinds=task');
    expect(await stream.next()).toMatchObject({ type: 'sync:live' });
    await server.api.create({});
    await server.api.create({}, { id: 't1', kind: 'task' });
    expect(await stream.next()).toMatchObject({ id: '5', data: { atome: { id: 't1' } } });
  });

  it('show only the newest of each atome when compact', async () => {
    await server.api.patch('/api/atome/a1', { n: 4 });
    const stream = await open('since=0&compact=true');
    expect((await stream.take(4)).map(({ id }) => id)).toEqual(['2', '3', '4', undefined]);
  });

  it('carry any text', async () => {
    const stream = await open();
    await stream.next();
    const title = 'line\none\r\n\u2028 data: x\n\nid: 99\n\n\u{1f600}';
    await server.api.create({ title });
    expect(await stream.next()).toMatchObject({ id: '4', data: { atome: { data: { title } } } });
  });

  it.each(['-1', '1.5', 'x', '1e99'])('refuse %s as Last-Event-ID', async (id) => {
    const headers = { accept: 'text/event-stream', 'last-event-id': id };
    expect(await server.api.get('/api/sync/changes', headers)).toMatchObject({
      status: 400,
      body: { code: 'invalid' },
    });
  });

  it('end when the server goes down', async () => {
    const stream = await open();
    await stream.next();
    server.app.get(Drain).begin();
    expect(await stream.next()).toBeUndefined();
  });

  it('are not read on when the client has gone', async () => {
    const stream = await open();
    await stream.next();
    stream.close();
    await server.api.create({});
    expect(await server.api.get('/api/server-info')).toMatchObject({ body: { seq: 4 } });
  });
});
