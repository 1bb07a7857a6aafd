import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AtomeError } from '../../../src/index.js';
import { type AtomeTransaction, type JsonObject, type Principal } from '../../../src/index.js';
import { DATABASES } from '../../support/databases/databases.js';
import { ALICE, by, Orders, OrdersHost, refusal } from '../../support/orders-host.js';
import { startApp } from '../../support/server/app.js';

describe.each(DATABASES)('a transaction with rows of the application, on %s', (_name, create) => {
  const given = new OrdersHost();
  beforeAll(() => given.open(create));
  beforeEach(() => given.clear());
  afterAll(() => given.close());

  it('writes what it was given when it was called, whatever becomes of that later', async () => {
    const data: JsonObject = { title: 'first', n: 1 };
    const { writes } = await given.atomes.transaction(async (tx) => {
      const { id } = await tx.create({ kind: 'note', data });
      await tx.alter(id, { operation: 'update', changes: Object.assign(data, { n: 2 }) });
      Object.assign(data, { title: undefined, n: () => 3 });
    });
    expect(writes.map(({ atome }) => atome.data.n)).toEqual([1, 2]);
    expect((await given.atomes.get(writes[0]!.id, { version: 1 })).data).toEqual({ title: 'first', n: 1 });
    expect((await given.atomes.get(writes[0]!.id)).data).toEqual({ title: 'first', n: 2 });
  });

  it('commits given.atomes and rows together, and tells what came of them', async () => {
    const { result, writes, isRepeated } = await given.atomes.transaction(
      async (tx) => {
        const { id } = await tx.create({ kind: 'note', data: { n: 1 } });
        const child = await tx.create({ kind: 'note', data: {}, parentId: id });
        await tx.alter(id, { operation: 'update', changes: { n: 2 } }, { ifMatch: '"v1"' });
        await tx.rename(child.id, { newName: 'child' });
        await tx.manager.save(Orders, { atomeId: id });
        return [id, child.id];
      },
      { principal: ALICE },
    );
    expect([isRepeated, await given.rows()]).toEqual([false, [result[0]]]);
    expect(writes.map(({ id, version }) => [id, version])).toEqual([
      [result[0], 1],
      [result[1], 1],
      [result[0], 2],
      [result[1], 2],
    ]);
    expect(writes[3]).toMatchObject({ atome: { parentId: result[0], data: { name: 'child' }, ownerId: 'alice' } });
    expect(await given.atomes.get(result[0]!)).toMatchObject({ data: { n: 2 } });
  });

  it('leaves nothing of what throws, and throws it', async () => {
    const [id, before] = [given.fresh(), await given.head()];
    const fault = new TypeError('out of stock');
    const failing = given.atomes.transaction(async (tx) => {
      await given.order(tx, id);
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    await given.expectNothing(id, before);
  });

  it.each<[string, string, (tx: AtomeTransaction, id: string) => Promise<unknown>, Principal?]>([
    ['a right', 'forbidden', (tx) => tx.alter('kept', { operation: 'update', changes: { n: 2 } }), by('r', 'reader')],
    ['a kind', 'invalid', (tx) => tx.create({ kind: 'order', data: { total: 'much' } })],
    ['a hook', 'forbidden', (tx) => tx.delete('order')],
    ['a precondition', 'precondition_failed', (tx) => tx.patch('kept', { n: 2 }, { ifMatch: '"v7"' })],
    ['an atome that is not there', 'not_found', (tx) => tx.rename('nowhere', { newName: 'x' })],
    ['a version that is not there', 'not_found', (tx) => tx.restore('kept', { version: 99 })],
  ])('leaves nothing when %s refuses a write, with its error', async (_what, code, write, principal = ALICE) => {
    await given.atomes.create({ id: 'kept', kind: 'note', data: { n: 1 } });
    await given.atomes.create({ id: 'order', kind: 'order', data: {} });
    const [id, before] = [given.fresh(), await given.head()];
    const refused = await refusal(
      given.atomes.transaction(
        async (tx) => {
          await given.order(tx, id);
          await write(tx, id);
        },
        { principal },
      ),
    );
    expect(refused).toMatchObject({ code: expect.stringMatching(principal === ALICE ? code : /forbidden/) });
    expect(refused.message).not.toContain('nothing was written');
    await given.expectNothing(id, before);
  });

  it('refuses at once what cannot be read, and goes on where that is caught', async () => {
    const { result } = await given.atomes.transaction(async (tx) => {
      const refused = await refusal(tx.create({ kind: 'two words', data: {} }));
      return [refused.code, await given.order(tx)];
    });
    expect([result[0], await given.rows()]).toEqual(['invalid', [result[1]]]);
  });

  it('commits rows alone, and has hooks add what they add', async () => {
    await given.atomes.transaction((tx) => tx.manager.save(Orders, { atomeId: 'none' }));
    const { writes } = await given.atomes.transaction((tx) => tx.create({ kind: 'order', data: { total: 1 } }));
    const entries = await given.atomes.count({ kind: 'entry', includeDeleted: false } as never);
    await given.atomes.transaction((tx) => tx.create({ kind: 'order', data: { total: 2 } }));
    expect([await given.rows(), writes.length]).toEqual([['none'], 1]);
    expect(await given.atomes.count({ kind: 'entry', includeDeleted: false } as never)).toBe(entries + 1);
  });

  it('keeps seq dense where eight run at once beside ordinary writes', async () => {
    const before = Number(String(await given.head()).split(':')[1]);
    const transactions = Array.from({ length: 8 }, () =>
      given.atomes.transaction(async (tx) => {
        await given.order(tx);
        await new Promise(setImmediate);
        await tx.create({ kind: 'order', data: {} });
      }),
    );
    const others = Array.from({ length: 16 }, (_, n) => given.server.api.create({ n }));
    const done = await Promise.all(transactions);
    await Promise.all(others);
    expect(await given.rows()).toHaveLength(8);
    // those of one transaction stand together: its order, and the entry behind its other one
    for (const { writes } of done) expect(writes[1]!.seq).toBe(writes[0]!.seq + 1);
    expect(Number(String(await given.head()).split(':')[1])).toBe(before + 8 * 3 + 16);
  });

  it('tells readers of it after the commit, and not before', async () => {
    const socket = await given.server.connect();
    const id = given.fresh();
    const { writes } = await given.atomes.transaction(async (tx) => {
      await given.order(tx, id);
      await socket.settled();
      expect([socket.all('atome:created'), await given.isThere(id)]).toEqual([[], false]);
    });
    const event = await socket.next('atome:created');
    expect([event.atome.id, event.seq]).toEqual([id, writes[0]!.seq]);
    await given.server.api.create();
    expect((await socket.next('atome:created')).seq).toBe(writes[0]!.seq + 1);
  });

  it('commits once what is repeated under its idempotencyKey', async () => {
    const key = given.fresh();
    const run = (title = 'x') =>
      given.atomes.transaction(
        async (tx) => {
          const { id } = await tx.create({ kind: 'order', data: { title } });
          await tx.create({ kind: 'note', data: { id }, parentId: id });
          await tx.manager.save(Orders, { atomeId: id });
          return id;
        },
        { principal: ALICE, idempotencyKey: key },
      );
    const [first, second] = await Promise.all([run(), run()]);
    const third = await run();
    expect([first, second, third].map((each) => each.result)).toEqual(Array(3).fill(first.result));
    expect([first.isRepeated, second.isRepeated].sort()).toEqual([false, true]);
    expect([third.isRepeated, third.writes.map(({ seq }) => seq)]).toEqual([true, first.writes.map(({ seq }) => seq)]);
    expect(await refusal(run('another'))).toMatchObject({ code: 'op_reused' });
    const more = given.atomes.transaction(
      async (tx) => {
        for (const title of ['x', 'y', 'z']) await tx.create({ kind: 'order', data: { title } });
      },
      { principal: ALICE, idempotencyKey: key },
    );
    expect(await refusal(more)).toMatchObject({ code: 'op_reused' });
    expect(await given.rows()).toEqual([first.result]);
    const none = given.atomes.transaction(() => undefined, { principal: ALICE, idempotencyKey: given.fresh() });
    expect(await refusal(none)).toMatchObject({ code: 'invalid' });
  });

  it('alters what an older schema has left, at the latest when it is sent again', async () => {
    const older = await startApp({ DATABASE_URL: given.database.url });
    const id = given.fresh();
    await older.api.create({ name: 'Ada' }, { id, kind: 'person' });
    await older.close();
    const alter = () =>
      given.atomes.transaction(async (tx) => {
        await tx.manager.save(Orders, { atomeId: id });
        await tx.alter(id, { operation: 'update', changes: { age: 36 } });
      });
    // on SQLite the upgrade comes behind the transaction that has met it first
    for (;;) {
      const refused = await alter().then(
        () => undefined,
        (error: unknown) => error as AtomeError,
      );
      if (!refused) break;
      expect([given.isSqlite, refused.code]).toEqual([true, 'unavailable']);
    }
    expect([await given.rows(), (await given.atomes.get(id)).data]).toMatchObject([[id], { first: 'Ada', age: 36 }]);
  });
});
