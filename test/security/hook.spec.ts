import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AtomeModule, AtomeService, AtomeWsAdapter, type AuthorizeHook, type Principal } from '../../src/index.js';
import { tokenOf, SECRET } from '../support/server/tokens.js';
import { Api, bearer } from '../support/clients/api.js';
import { TestSocket } from '../support/clients/socket.js';

/** `open` is for everybody, `closed` for nobody, `bobs` for Bob; of `odd` nothing is known, and at `broken` it fails. */
const authorize: AuthorizeHook = (who, action, { type }) => {
  if (type === 'broken') throw new Error('the rules are broken');
  if (type === 'open') return true;
  if (type === 'closed') return false;
  return type === 'bobs' ? who.id === 'bob' && action !== 'share' : undefined;
};

describe('the word of an application', () => {
  let app: NestFastifyApplication;
  let url: string;
  let atomes: AtomeService;
  beforeEach(async () => {
    const jwt = { keys: { secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' };
    @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', jwt, authorize })] })
    class Host {}
    app = await NestFactory.create<NestFastifyApplication>(Host, new FastifyAdapter(), {
      logger: false,
      bodyParser: true,
    });
    app.useWebSocketAdapter(new AtomeWsAdapter(app));
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    atomes = app.get(AtomeService);
  });
  afterEach(() => app.close());

  const person = (id: string, role = 'writer'): Principal => ({ id, tenant: 'acme', roles: [role] });
  const as = (id: string, role = 'writer'): Api => new Api(url).as(tokenOf(role, { sub: id }));
  const make = (id: string, type: string | null, by = person('ann')) =>
    atomes.create({ id, kind: 'note', type, data: {}, access: 'private' }, { principal: by });

  it('opens and closes what the rights would not', async () => {
    await make('a', 'open');
    await make('b', 'bobs', person('bob'));
    await make('c', null);
    const statuses = async (api: Api): Promise<number[]> =>
      Promise.all(['a', 'b', 'c'].map(async (id) => (await api.get(`/atome/${id}`)).status));
    expect(await statuses(as('bob'))).toEqual([200, 200, 404]);
    expect(await statuses(as('ann'))).toEqual([200, 404, 200]);
    expect(await statuses(as('dee', 'admin'))).toEqual([200, 404, 200]);
    expect((await as('bob').post('/atome/b/share', { access: 'tenant' })).status).toBe(403);
    expect((await as('eve', 'reader').patch('/atome/a', { n: 1 })).status).toBe(403);
  });

  it('refuses the one write that it fails at or forbids, and no other', async () => {
    const settled = await Promise.allSettled([make('a', 'broken'), make('b', 'closed'), make('c', 'open')]);
    expect(settled).toMatchObject([
      { status: 'rejected', reason: { code: 'forbidden' } },
      { status: 'rejected', reason: { code: 'forbidden' } },
      { status: 'fulfilled', value: { seq: 1 } },
    ]);
  });

  it('is asked about each atome of a list, so that pages are full and counts are right', async () => {
    for (let n = 0; n < 30; n += 1) await make(`n${String(n).padStart(2, '0')}`, n % 3 === 0 ? 'open' : null);
    const bob = as('bob');
    const ids: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await bob.get(`/atome/list?limit=4&sortBy=id&sortOrder=asc${cursor}`);
      const { data, total, nextCursor } = body as { data: { id: string }[]; total: number; nextCursor: string | null };
      expect(total).toBe(10);
      ids.push(...data.map(({ id }) => id));
      if (nextCursor === null) break;
      expect(data).toHaveLength(4);
      cursor = `&cursor=${nextCursor}`;
    }
    expect(ids).toEqual(Array.from({ length: 10 }, (_, n) => `n${String(n * 3).padStart(2, '0')}`));
    const { body } = await bob.get('/atome/list?limit=4&page=3&sortBy=id&sortOrder=asc');
    expect(body).toMatchObject({ data: [{ id: 'n24' }, { id: 'n27' }], nextCursor: null, pages: 3 });
  });

  it('holds for the feed, too, also when an atome changes sides', async () => {
    const socket = await TestSocket.connect(
      `${url.replace('http', 'ws')}/ws/atome-sync`,
      bearer(tokenOf('writer', { sub: 'bob' })),
    );
    socket.send({ type: 'subscribe', since: 0 });
    await socket.next('sync:live');
    await make('a', 'open');
    await make('b', null);
    const principal = person('ann');
    await atomes.replace('a', { type: 'mine' }, { principal });
    await atomes.replace('a', { data: { n: 1 } }, { principal });
    await atomes.replace('b', { type: 'open' }, { principal });
    await socket.next('events', ({ to }) => to === 5);
    const told = socket.all('events').flatMap(({ events }) => events.map((event) => [event.type, event.seq]));
    expect(told).toEqual([
      ['atome:created', 1],
      ['atome:left', 3],
      ['atome:updated', 5],
    ]);
    await socket.close();
  });
});
