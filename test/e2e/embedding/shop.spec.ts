import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createShop } from '../../../examples/embedded/app.js';
import { Bill, Stock } from '../../../examples/embedded/database.js';
import { Consumers } from '../../../src/index.js';
import { Api } from '../../support/clients/api.js';
import { audit, DATABASES, type Database } from '../../support/databases/databases.js';

const KEY = { 'x-api-key': 'shop-secret' };

describe.each(DATABASES)('the shop of the examples, on %s', (_database, create) => {
  let database: Database;
  let app: NestFastifyApplication;
  let api: Api;

  async function open(): Promise<void> {
    app = await createShop(database.url);
    await app.listen(0, '127.0.0.1');
    api = new Api(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`, KEY);
  }

  beforeAll(async () => {
    database = await create();
    await open();
  });
  afterAll(async () => {
    await app.close();
    expect((await audit(database.url)).result).toMatchObject({ fault: undefined });
    await database.drop();
  });

  const left = async (): Promise<number> =>
    (await app.get(DataSource, { strict: false }).getRepository(Stock).findOneByOrFail({ article: 'tea' })).left;
  const bills = () => app.get(DataSource, { strict: false }).getRepository(Bill).find();
  const place = async (count: number) => api.post('/v1/orders', { article: 'tea', count });

  /** Everything that has been written has been looked at. */
  async function settled(): Promise<void> {
    const consumers = app.get(Consumers, { strict: false });
    for (;;) {
      const [billing] = await consumers.list('default');
      if (billing?.lag === 0) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('takes what is ordered out of the stock, and says what it comes to', async () => {
    const { status, body } = await place(2);
    expect({ status, body }).toMatchObject({ status: 201, body: { kind: 'order', data: { count: 2, total: 8 } } });
    expect(await left()).toBe(98);
  });

  it('does neither where there is too little, or the order is none', async () => {
    expect(await place(99)).toMatchObject({ status: 409 });
    expect(await api.post('/v1/orders', { article: 'milk', count: 1 })).toMatchObject({ status: 409 });
    const order = { kind: 'order', data: { article: 'tea', count: 'two' } };
    expect(await api.post('/v1/atome/create', order)).toMatchObject({ status: 400 });
    expect(await left()).toBe(98);
    expect((await api.get('/v1/atome/list?kind=order')).body.data).toHaveLength(1);
  });

  it('writes one bill for each order that is shipped, whoever ships it and whatever has closed meanwhile', async () => {
    const ids: string[] = [];
    for (const count of [1, 2, 3]) ids.push(String((await place(count)).body.id));
    await api.post(`/v1/orders/${ids[0]}/ship`);
    await settled();
    await api.patch(`/v1/atome/${ids[1]}`, { state: 'shipped' });
    await app.close();
    await open();
    await settled();
    expect((await bills()).map(({ id, total }) => [id, total]).sort()).toEqual(
      [
        [ids[0], 4],
        [ids[1], 8],
      ].sort(),
    );
    expect(await api.patch(`/v1/atome/${ids[1]}`, { count: 5 })).toMatchObject({ status: 409 });
  });
});
