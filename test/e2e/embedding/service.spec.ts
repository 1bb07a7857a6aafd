import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AtomeModule, AtomeService, type Principal } from '../../../src/index.js';

const ALICE: Principal = { id: 'alice', tenant: 'acme', roles: ['writer'], groups: ['staff'] };
const QUERY = { sort: 'updatedAt', order: 'desc', limit: 10 } as never;

/** What a mistake in an application's code makes of a principal. */
const NOBODY: readonly [what: string, principal: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['empty', {}],
  ['a text', 'alice'],
  ['a list', [ALICE]],
  ['without a tenant', { ...ALICE, tenant: undefined }],
  ['without roles', { id: 'alice', tenant: 'acme' }],
  ['of an id with a line end', { ...ALICE, id: 'alice\n' }],
  ['of the id of everybody', { ...ALICE, id: '*' }],
  ['of the id of a group', { ...ALICE, id: 'group:staff' }],
  ['of an id that is a number', { ...ALICE, id: 7 }],
  ['of an id that is too long', { ...ALICE, id: 'x'.repeat(129) }],
  ['of a tenant with a line end', { ...ALICE, tenant: 'acme\n' }],
  ['of all tenants', { ...ALICE, tenant: '*' }],
  ['of a tenant that is a path', { ...ALICE, tenant: '..' }],
  ['of a role as a text', { ...ALICE, roles: 'admin' }],
  ['of a group with a blank', { ...ALICE, groups: ['a b'] }],
];

describe('AtomeService', () => {
  let context: INestApplicationContext;
  let atomes: AtomeService;
  beforeAll(async () => {
    const module = AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' });
    context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    atomes = context.get(AtomeService, { strict: false });
    await atomes.create({ id: 'a1', kind: 'note', data: {}, access: 'private' });
  });
  afterAll(() => context.close());

  /** Every method, as somebody; a method that throws instead of rejecting fails the test. */
  const calls = (principal: unknown): Record<string, () => Promise<unknown>> => {
    const who = principal as Principal;
    const by = { principal: who };
    return {
      create: () => atomes.create({ kind: 'note', data: {} }, by),
      alter: () => atomes.alter('a1', { operation: 'update', changes: { n: 1 } }, by),
      replace: () => atomes.replace('a1', { data: {} }, by),
      patch: () => atomes.patch('a1', { n: 1 }, by),
      rename: () => atomes.rename('a1', { newName: 'x' }, by),
      delete: () => atomes.delete('a1', {}, by),
      restore: () => atomes.restore('a1', { version: 1 }, by),
      share: () => atomes.share('a1', { access: 'tenant' }, by),
      erase: () => atomes.erase('a1', {}, by),
      get: () => atomes.get('a1', undefined, who),
      getAt: () => atomes.get('a1', { version: 1 }, who),
      getText: () => atomes.getText('a1', undefined, who),
      list: () => atomes.list(QUERY, who),
      listText: () => atomes.listText(QUERY, who),
      count: () => atomes.count(QUERY, who),
      history: () => atomes.history('a1', 1, 10, who),
    };
  };

  it.each(NOBODY)('does nothing for a principal that is %s', async (_what, principal) => {
    for (const [name, call] of Object.entries(calls(principal))) {
      const refusal = await call().then(
        () => 'done',
        (error: unknown) => error,
      );
      expect([name, refusal]).toEqual([name, expect.objectContaining({ code: 'invalid' })]);
      expect((refusal as Error).message).toContain('principal.');
    }
    expect(await atomes.get('a1')).toMatchObject({ version: 1, access: 'private' });
  });

  it('writes what it was given at the call, whatever becomes of that', async () => {
    const data = { n: 0, list: [] as number[] };
    const write = (n: number): void => {
      data.n = n;
      data.list.push(n);
    };
    const made = ['b1', 'b2', 'b3'].map((id, n) => (write(n), atomes.create({ id, kind: 'note', data })));
    write(3);
    const changed = ['b1', 'b2', 'b3'].map((id) => atomes.patch(id, data));
    const replaced = atomes.replace('b3', { data });
    write(4);
    expect((await Promise.all(made)).map(({ atome }) => atome.data.list)).toEqual([[0], [0, 1], [0, 1, 2]]);
    for (const { atome } of await Promise.all([...changed, replaced]))
      expect(atome.data).toEqual({ n: 3, list: [0, 1, 2, 3] });
  });

  it('acts for one that is good, and for an admin where none is named', async () => {
    const { id } = await atomes.create({ kind: 'note', data: { n: 1 } }, { principal: ALICE });
    expect(await atomes.get(id, undefined, ALICE)).toMatchObject({ ownerId: 'alice' });
    await expect(atomes.get(id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await atomes.create({ kind: 'note', data: {} })).toMatchObject({ atome: { ownerId: 'anonymous' } });
  });

  it('rejects what does not fit, and never throws', async () => {
    const wrong = { kind: 'a b', data: {} };
    const asked = [
      () => atomes.create(wrong),
      () => atomes.alter('a b', { operation: 'update', changes: {} }),
      () => atomes.replace('a1', { data: 7 as never }),
      () => atomes.patch('a1', 7 as never),
      () => atomes.delete('a1', { reason: 7 as never }),
      () => atomes.restore('a1', { version: 0 }),
      () => atomes.share('a1', { access: 7 as never }),
      () => atomes.get('a b'),
      () => atomes.history('a b', 1, 10),
      () => atomes.create(undefined as never),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'invalid' });
    await expect(atomes.create({ kind: 'note', data: {} }, null as never)).rejects.toThrow();
  });
});
