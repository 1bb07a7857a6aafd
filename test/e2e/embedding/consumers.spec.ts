import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema, type DataSourceOptions } from 'typeorm';
import {
  AtomeModule,
  AtomeService,
  Consumers,
  OnAtome,
  type Delivery,
  type Principal,
  type TenantEvent,
} from '../../../src/index.js';
import { DATABASES, type Database } from '../../support/databases/databases.js';
import { Gate } from '../../support/gate.js';

/** Each test has tenants of its own: what is still under way of another's is none of its business. */
let ONE = '';
let ANN: Principal;
let BOB: Principal;
let people = new Map<string, Principal>();
let tests = 0;

function newTenants(): void {
  tests += 1;
  ONE = `one-${tests}`;
  ANN = { id: 'ann', tenant: ONE, roles: ['admin'] };
  BOB = { id: 'bob', tenant: `two-${tests}`, roles: ['admin'] };
  people = new Map([ANN, BOB, { id: 'eve', tenant: ONE, roles: ['writer'] }].map((each) => [each.id, each]));
}

/** A table of the application's own. */
const Bill = new EntitySchema<{ id: number; orderId: string }>({
  name: 'bills',
  columns: { id: { type: 'integer', primary: true, generated: 'increment' }, orderId: { type: 'varchar' } },
});

interface Told {
  readonly event: TenantEvent;
  readonly delivery: Delivery;
}

/** What the handlers were told; each test says what they do then. */
const told: Told[] = [];
let act: (what: Told) => unknown = () => undefined;
let waiting: (() => void)[] = [];

let ended = 0;

async function hear(event: TenantEvent, delivery: Delivery): Promise<void> {
  if (event.tenant !== ONE && event.tenant !== BOB.tenant) return;
  told.push({ event, delivery });
  waiting.forEach((look) => look());
  try {
    await act({ event, delivery });
  } finally {
    ended += 1;
    waiting.forEach((look) => look());
  }
}

function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (isSo()) resolve();
    };
    waiting.push(look);
    look();
  });
}
/** Resolves when the handlers were told so often. */
const heard = (count: number): Promise<void> => until(() => told.length >= count);
/** Resolves when they are through with so many; what they have thrown is in the database when they are told of the next. */
const handled = (count: number): Promise<void> => until(() => ended >= count);

function idOf(event: TenantEvent): string {
  return 'atomeId' in event ? event.atomeId : event.atome.id;
}
const ids = (tenant = ONE): string[] =>
  told.filter(({ event }) => event.tenant === tenant).map(({ event }) => idOf(event));

const QUICK = { attempts: 3, backoffMs: 1 };

class Handlers {
  @OnAtome({ consumer: 'orders', kinds: ['order'], ...QUICK })
  orders(event: TenantEvent, delivery: Delivery): unknown {
    return hear(event, delivery);
  }

  @OnAtome({ consumer: 'urgent', kinds: ['task'], types: ['urgent'], ...QUICK })
  urgent(event: TenantEvent, delivery: Delivery): unknown {
    return hear(event, delivery);
  }
}

class FromStart {
  @OnAtome({ consumer: 'all', from: 'start', kinds: ['old', 'secret'], ...QUICK })
  all(event: TenantEvent, delivery: Delivery): unknown {
    return hear(event, delivery);
  }

  @OnAtome({ consumer: 'new', kinds: ['old'], ...QUICK })
  newer(event: TenantEvent, delivery: Delivery): unknown {
    return hear(event, delivery);
  }
}

describe.each(DATABASES)('a durable consumer on %s', (_name, make) => {
  let database: Database;
  let host: DataSource;
  let app: INestApplication;
  let url: string;
  let atomes: AtomeService;
  let consumers: Consumers;

  async function start(...providers: (new () => object)[]): Promise<void> {
    const place: DataSourceOptions = database.url.startsWith('sqlite:')
      ? { type: 'better-sqlite3', database: database.url.slice('sqlite:'.length) }
      : { type: 'postgres', url: database.url };
    host = await new DataSource({ ...place, entities: [Bill], synchronize: true }).initialize();
    const module = AtomeModule.forRoot({
      databaseUrl: database.url,
      dataSource: host,
      ws: false,
      feed: { pollMs: 20 },
      authenticate: ({ headers }) => people.get(String(headers['x-user'])),
    });
    @Module({ imports: [module], providers })
    class Host {}
    app = await NestFactory.create<NestFastifyApplication>(
      Host,
      new FastifyAdapter({ routerOptions: { maxParamLength: 128 } }),
      { logger: false, abortOnError: false, forceCloseConnections: true },
    );
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    atomes = app.get(AtomeService);
    consumers = app.get(Consumers);
  }
  async function stop(): Promise<void> {
    await app.close();
    await host.destroy();
  }

  beforeAll(async () => {
    database = await make();
    await start(Handlers);
  });
  afterAll(async () => {
    await stop();
    await database.drop();
  });
  beforeEach(() => {
    newTenants();
    told.length = 0;
    ended = 0;
    waiting = [];
    act = () => undefined;
  });

  const create = (id: string, principal = ANN, kind = 'order', type?: string): Promise<unknown> =>
    atomes.create({ id, kind, data: {}, ...(type !== undefined && { type }) }, { principal });
  const bills = async (): Promise<string[]> =>
    (await host.getRepository(Bill).find({ order: { id: 'asc' } })).map(({ orderId }) => orderId);
  const bill = ({ event, delivery }: Told, then: () => unknown = () => undefined): Promise<unknown> =>
    delivery.transaction(async ({ manager }) => {
      await manager.insert(Bill, { orderId: idOf(event) });
      await then();
    });
  const fail = (why = 'not today'): never => {
    throw new Error(why);
  };
  const call = async (path: string, who: string, body?: object): Promise<{ status: number; body: unknown }> => {
    const headers = { 'x-user': who, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(`${url}/consumers${path}`, {
      headers,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const statusOf = async (name = 'orders', tenant = ONE) =>
    (await consumers.list(tenant)).find((each) => each.name === name)!;

  it('is told of its kinds alone, in order for each tenant, and of one that has failed again, under the same key', async () => {
    const isMade = ({ event }: Told): boolean => idOf(event) === 'a1' && event.type === 'atome:created';
    act = (each) => (isMade(each) && each.delivery.attempt < 3 ? fail() : undefined);
    await create('a1');
    await create('n1', ANN, 'note');
    await create('b1', BOB);
    await create('a2');
    await atomes.delete('a1', undefined, { principal: ANN });
    await heard(6);
    expect(ids()).toEqual(['a1', 'a1', 'a1', 'a2', 'a1']);
    expect(ids(BOB.tenant)).toEqual(['b1']);
    const ofOne = told.filter(({ event }) => event.tenant === ONE).map(({ delivery }) => delivery);
    expect(ofOne.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1, 1]);
    expect(new Set(ofOne.slice(0, 3).map(({ key }) => key)).size).toBe(1);
    expect(new Set(told.map(({ delivery }) => delivery.key)).size).toBe(4);
  });

  it('is told of an atome of its type, and of one that was of it', async () => {
    await create('u1', ANN, 'task', 'urgent');
    await atomes.replace('u1', { data: {}, kind: 'task', type: 'calm' }, { principal: ANN });
    await atomes.alter('u1', { operation: 'update', changes: { n: 1 } }, { principal: ANN });
    await create('u2', ANN, 'task', 'urgent');
    await heard(3);
    expect(told.map(({ event }) => [event.type, idOf(event)])).toEqual([
      ['atome:created', 'u1'],
      ['atome:updated', 'u1'],
      ['atome:created', 'u2'],
    ]);
  });

  it('commits rows of the application with its cursor, or neither', async () => {
    let tries = 0;
    act = (what) =>
      bill(what, () => {
        tries += 1;
        if (tries === 1) fail();
      });
    await create('a3');
    await create('a4');
    await heard(3);
    await create('a5');
    await heard(4);
    expect(ids()).toEqual(['a3', 'a3', 'a4', 'a5']);
    act = () => undefined;
    await create('a6');
    await heard(5);
    expect(await bills()).toEqual(['a3', 'a4', 'a5']);
    expect(await statusOf()).toMatchObject({ attempts: 0, error: null, deadLetters: 0 });
  });

  it('is through with an event whose transaction is committed, whatever it throws behind it or leaves alone', async () => {
    const before = (await bills()).length;
    act = async (what) => {
      if (idOf(what.event) === 'a7') {
        await bill(what);
        fail();
      }
      // not awaited: the delivery waits for it
      if (idOf(what.event) === 'a8') void bill(what);
    };
    for (const id of ['a7', 'a8', 'a9']) await create(id);
    await handled(3);
    expect(ids()).toEqual(['a7', 'a8', 'a9']);
    expect((await bills()).slice(before)).toEqual(['a7', 'a8']);
  });

  it('is told again of an event whose transaction has failed, though it has not awaited it', async () => {
    const before = (await bills()).length;
    act = (what) => void bill(what, () => (what.delivery.attempt === 1 ? fail() : undefined));
    await create('a21');
    await heard(2);
    act = () => undefined;
    await create('a22');
    await heard(3);
    expect(ids()).toEqual(['a21', 'a21', 'a22']);
    expect((await bills()).slice(before)).toEqual(['a21']);
  });

  it('has one transaction for each delivery, and none behind it', async () => {
    const refusals: unknown[] = [];
    const note = (error: unknown): void => void refusals.push((error as Error).message);
    act = async (what) => {
      await bill(what);
      await bill(what).catch(note);
    };
    await create('a10');
    await heard(1);
    act = () => undefined;
    await create('a11');
    await create('a12');
    await heard(3);
    await bill(told[1]!).catch(note);
    expect(refusals).toEqual([
      expect.stringContaining('one transaction for each delivery'),
      expect.stringContaining('the delivery is over'),
    ]);
  });

  it('gives a poison event up and goes on, and tries it again or skips it when it is told to', async () => {
    act = ({ event }) => (idOf(event).startsWith('poison') ? fail('it burns \0') : undefined);
    for (const id of ['poison-1', 'poison-2', 'a13']) await create(id);
    await heard(7);
    expect(ids()).toEqual([...Array<string>(3).fill('poison-1'), ...Array<string>(3).fill('poison-2'), 'a13']);
    const letters = await consumers.deadLetters('orders', { tenant: ONE });
    expect(letters).toEqual([
      expect.objectContaining({ atomeId: 'poison-1', attempts: 3, error: 'Error: it burns  ', isDue: false }),
      expect.objectContaining({ atomeId: 'poison-2', seq: told[3]!.event.seq }),
    ]);
    expect(Date.parse(letters[0]!.failedAt)).toBeGreaterThan(0);
    expect(await consumers.deadLetters('orders', { tenant: BOB.tenant })).toEqual([]);
    expect(await consumers.deadLetters('orders', { tenant: ONE, after: letters[0]!.seq })).toHaveLength(1);
    const [first, second] = letters as [(typeof letters)[0], (typeof letters)[0]];

    // fails once more, and stays
    expect(await consumers.retry('orders', { tenant: ONE, seq: first.seq })).toBe(1);
    await heard(8);
    await create('a14');
    await heard(9);
    expect(told[7]!.delivery).toMatchObject({ attempt: 4, key: told[0]!.delivery.key });
    expect((await consumers.deadLetters('orders', { tenant: ONE }))[0]).toMatchObject({ attempts: 4, isDue: false });

    // mended, with a row of the application's
    const before = (await bills()).length;
    act = (what) => bill(what);
    expect(await consumers.retry('orders', { tenant: ONE, seq: first.seq })).toBe(1);
    await heard(10);
    await create('a15');
    await handled(11);
    expect((await bills()).slice(before)).toEqual(['poison-1', 'a15']);
    expect(await consumers.skip('orders', { tenant: ONE, seq: second.seq })).toBe(1);
    expect(await consumers.deadLetters('orders', { tenant: ONE })).toEqual([]);
    await expect(consumers.skip('orders', { tenant: ONE, seq: second.seq })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('does not stop other tenants, nor another consumer, while it is with one event', async () => {
    const gate = new Gate();
    act = ({ event }) => (idOf(event) === 'stuck' ? gate.pass() : undefined);
    await create('stuck');
    await gate.reached;
    await create('b2', BOB);
    await create('u3', ANN, 'task', 'urgent');
    await heard(3);
    expect(told.map(({ event }) => idOf(event)).sort()).toEqual(['b2', 'stuck', 'u3']);
    gate.open();
    await create('a16');
    await handled(4);
  });

  it('lets others write while it has a transaction, and is undone where another process has taken over', async () => {
    const before = (await bills()).length;
    const gate = new Gate();
    let outcome: unknown;
    act = async (what) => {
      // as if this process had been paused for longer than its lease
      if (told.length === 1) await gate.pass();
      outcome = await bill(what).catch((error: unknown) => error);
    };
    await create('a17');
    await gate.reached;
    const table = host.options.type === 'postgres' ? '"atome".consumers' : 'atome_consumers';
    const far = Date.now() + 60_000;
    await host.query(`UPDATE ${table} SET owner = 'another', expires_at = ${far} WHERE name = 'orders'`);
    gate.open();
    await handled(1);
    await create('a18');
    expect((await bills()).slice(before)).toEqual([]);
    await host.query(`UPDATE ${table} SET owner = '', expires_at = 0 WHERE name = 'orders'`);
    await heard(3);
    await create('a19');
    await handled(4);
    expect(ids()).toEqual(['a17', 'a17', 'a18', 'a19']);
    expect(outcome).toBeUndefined();
    expect((await bills()).slice(before, before + 2)).toEqual(['a17', 'a18']);
    expect(told[1]!.delivery.attempt).toBe(1);
    expect(told[0]!.delivery.signal.aborted).toBe(true);
  });

  it('tells admins how it stands, in their own tenant', async () => {
    act = () => fail();
    await create('poison-3');
    await heard(3);
    act = () => undefined;
    await create('a20');
    await handled(4);
    const { seq } = told[0]!.event;
    expect(await call('', 'eve')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await call('/orders/retry', 'eve', {})).toMatchObject({ status: 403 });
    expect((await call('', 'ann')).body).toMatchObject({
      success: true,
      data: [
        { name: 'orders', isRunning: expect.any(Boolean), deadLetters: 1 },
        { name: 'urgent', deadLetters: 0 },
      ],
    });
    expect((await call('', 'bob')).body).toMatchObject({ data: [{ deadLetters: 0 }, { deadLetters: 0 }] });
    expect((await call('/orders/dead-letters?limit=1', 'ann')).body).toMatchObject({
      data: [{ seq, atomeId: 'poison-3' }],
      nextCursor: null,
    });
    expect((await call('/orders/dead-letters', 'bob')).body).toMatchObject({ data: [] });
    for (const name of ['nobody', '%00', 'a%00b', '%F0%9F%98%80'])
      for (const [path, body] of [['dead-letters'], ['retry', {}], ['skip', {}]] as const)
        expect(await call(`/${name}/${path}`, 'ann', body)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await call('/orders/skip', 'bob', { seq })).toMatchObject({ status: 404 });
    expect((await call('/orders/skip', 'bob', {})).body).toEqual({ success: true, count: 0 });
    expect(await call('/orders/skip', 'ann', { seq: 'x' })).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect((await call('/orders/skip', 'ann', { seq })).body).toEqual({ success: true, count: 1 });
    expect((await call('', 'ann')).body).toMatchObject({ data: [{ deadLetters: 0 }, {}] });
  });

  it('begins with what is new, or at the start, and goes on where it stopped', async () => {
    await create('o1', ANN, 'old');
    await create('s1', ANN, 'secret');
    await atomes.alter('s1', { operation: 'update', changes: { n: 1 } }, { principal: ANN });
    const erased = await call('', 'ann');
    expect(erased.status).toBe(200);
    const answer = await fetch(`${url}/atome/s1/erase`, {
      method: 'POST',
      headers: { 'x-user': 'ann', 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(200);
    await stop();

    await start(FromStart);
    await heard(4);
    expect(told.map(({ event }) => [event.type, idOf(event), 'redacted' in event])).toEqual([
      ['atome:created', 'o1', false],
      ['atome:deleted', 's1', true],
      ['atome:deleted', 's1', true],
      ['atome:deleted', 's1', true],
    ]);
    await create('o2', ANN, 'old');
    await create('o3', BOB, 'old');
    await heard(8);
    expect(ids().slice(4)).toEqual(['o2', 'o2']);
    expect(ids(BOB.tenant)).toEqual(['o3', 'o3']);
    await stop();

    told.length = 0;
    await start(FromStart);
    await create('o4', ANN, 'old');
    await heard(2);
    expect(ids()).toEqual(['o4', 'o4']);
  });
});
