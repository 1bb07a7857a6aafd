import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AtomeTransaction } from '../../../src/index.js';
import { DATABASES } from '../../support/databases/databases.js';
import { Gate } from '../../support/gate.js';
import { ALICE, Orders, OrdersHost, refusal, transactionsOf } from '../../support/orders-host.js';

describe.each(DATABASES)('a transaction beside other work, on %s', (_name, create) => {
  const given = new OrdersHost();
  beforeAll(() => given.open(create));
  beforeEach(() => given.clear());
  afterAll(() => given.close());

  it('holds up nobody who reads while it waits, and writes go on behind it or beside it', async () => {
    const gate = new Gate();
    const kept = String((await given.server.api.create()).id);
    const waiting = given.atomes.transaction(async (tx) => {
      const id = await given.order(tx);
      await gate.pass();
      return id;
    });
    await gate.reached;
    const written = given.server.api.create();
    expect((await given.server.api.get(`/api/atome/${kept}`)).status).toBe(200);
    expect((await given.server.api.get('/health/ready')).status).toBe(200);
    if (!given.isSqlite) await written;
    gate.open();
    const { result } = await waiting;
    expect([await given.rows(), (await written).success]).toEqual([[result], true]);
  });

  it('refuses another way to write within it, and a second transaction', async () => {
    const { result } = await given.atomes.transaction(async (tx) => {
      const inner = [
        await refusal(given.atomes.create({ kind: 'note', data: {} })),
        await refusal(given.atomes.transaction(() => Promise.resolve())),
      ];
      await given.order(tx);
      return inner.map(({ message }) => message);
    });
    for (const message of result) expect(message).toContain('within transaction() write through what it is given');
    expect(await given.rows()).toHaveLength(1);
  });

  it('takes nothing more when it is over', async () => {
    let over: AtomeTransaction | undefined;
    await given.atomes.transaction((tx) => void (over = tx));
    expect((await refusal(over!.create({ kind: 'note', data: {} }))).message).toContain('is over');
    expect((await refusal(over!.manager.save(Orders, { atomeId: 'late' }))).message).toMatch(/is over|released/);
    expect(await given.rows()).toEqual([]);
  });

  it('writes nothing behind the end of what has thrown, however much of it is under way', async () => {
    const before = await given.head();
    let rest: Promise<unknown> = Promise.resolve();
    const thrown = given.atomes.transaction(async (tx) => {
      await given.order(tx);
      rest = (async () => {
        for (;;) await tx.manager.insert(Orders, { atomeId: 'behind' });
      })();
      rest.catch(() => undefined);
      await tx.manager.query('SELECT 1');
      throw new Error('no');
    });
    await expect(thrown).rejects.toThrow('no');
    await expect(rest).rejects.toThrow('over');
    await given.expectNothing('behind', before);
  });

  it('ends one that hangs, and rolls it back', async () => {
    const before = await given.head();
    const hanging = transactionsOf(given.server, given.host, 50).run(
      { principal: ALICE, clientId: null },
      async (_recorded, manager) => {
        await manager.save(Orders, { atomeId: 'hanging' });
        await new Promise(() => undefined);
      },
    );
    expect(await refusal(hanging)).toMatchObject({ code: 'unavailable', message: expect.stringContaining('too long') });
    await given.expectNothing('hanging', before);
    await given.server.api.create();
  });

  it('does not wait for ordinary writes that wait for it', async () => {
    const { id } = await given.atomes.create({ kind: 'order', data: { n: 0 } });
    const gate = new Gate();
    const waiting = given.atomes.transaction(async (tx) => {
      await gate.pass();
      await tx.alter(id, { operation: 'update', changes: { a: 1 } });
    });
    await gate.reached;
    const look = new Gate();
    given.looking = look.pass();
    const written = given.atomes.alter(id, { operation: 'update', changes: { b: 1 } });
    await look.reached;
    given.looking = undefined;
    look.open();
    gate.open();
    await waiting;
    expect(await written).toMatchObject({ id });
    expect(await given.atomes.get(id)).toMatchObject({ data: { n: 0, a: 1, b: 1 }, version: 3 });
  });

  it('rolls back where the application has ended it, or a constraint of its own fails at the end', async () => {
    const [id, before] = [given.fresh(), await given.head()];
    const ended = given.atomes.transaction(async (tx) => {
      await tx.create({ id, kind: 'note', data: {} });
      await tx.manager.query('COMMIT');
    });
    expect((await refusal(ended)).message).toContain('leave its end to transaction()');
    await given.host.query('CREATE TABLE parents (id integer PRIMARY KEY)');
    await given.host.query('CREATE TABLE children (id integer REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)');
    const orphan = given.atomes.transaction(async (tx) => {
      await given.order(tx, id);
      await tx.manager.query('INSERT INTO children VALUES (1)');
    });
    expect((await refusal(orphan)).message).toMatch(/foreign key/i);
    expect(await given.host.query('SELECT id FROM children')).toEqual([]);
    await given.expectNothing(id, before);
  });

  it('has transactions within it that TypeORM begins, and waits for one that is open', async () => {
    await given.atomes.transaction(async (tx) => {
      await given.order(tx);
      await tx.manager.transaction((inner) => inner.save(Orders, { atomeId: 'inner' }));
      await refusal(
        tx.manager.transaction(async (inner) => {
          await inner.save(Orders, { atomeId: 'undone' });
          throw new Error('undo');
        }),
      );
    });
    expect(await given.rows()).toEqual([expect.any(String), 'inner']);
    const gate = new Gate();
    const own = given.host.transaction(async (manager) => {
      await manager.save(Orders, { atomeId: 'own' });
      await gate.pass();
    });
    await gate.reached;
    const waiting = given.atomes.transaction((tx) => given.order(tx));
    gate.open();
    await own;
    await waiting;
    expect(await given.rows()).toHaveLength(4);
  });
});
