import { inspect } from 'node:util';
import { Injectable, Module, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { map, type Observable } from 'rxjs';
import {
  AtomeEvents,
  AtomeModule,
  AtomeService,
  AtomeWsAdapter,
  OnAtome,
  type Atome,
  type TenantEvent,
} from '../../../src/index.js';
import { Entry } from '../../../src/feed/entry.js';
import { valueIn } from '../../../src/ledger/lazy-atome.js';
import type { Committed } from '../../../src/ledger/outcome.js';
import { LedgerWriter } from '../../../src/ledger/write/ledger-writer.js';
import { OPEN_RULES } from '../../../src/protocol/index.js';
import { Api } from '../../support/clients/api.js';

type Mutable = { -readonly [K in keyof Atome]: Atome[K] };

/** Notes what it is told, and alters it. */
@Injectable()
class Careless {
  readonly told: unknown[] = [];

  @OnAtome('altered')
  hear(event: TenantEvent): void {
    const { atome, alteration } = event as unknown as { atome: Mutable; alteration: { changes: { n: number } } };
    atome.data.title = 'of a handler';
    alteration.changes.n = -1;
    this.told.push(inspect(atome.data.n));
  }
}

/** Hides titles, where the request asks for it. */
class Mask implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return next.handle().pipe(
      map((answer: { atome: Mutable }) => {
        if (headers['x-mask'] !== undefined) answer.atome.data = { title: '***' };
        return answer;
      }),
    );
  }
}

describe.each([
  ['small', 'p'],
  ['large', 'p'.repeat(70_000)],
])('a %s atome that the application gets', (_size, pad) => {
  let app: NestFastifyApplication;
  let atomes: AtomeService;
  let api: Api;
  beforeAll(async () => {
    @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:' })], providers: [Careless] })
    class HostModule {}
    app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), { logger: false });
    app.useWebSocketAdapter(new AtomeWsAdapter(app));
    app.useGlobalInterceptors(new Mask());
    await app.listen(0, '127.0.0.1');
    api = new Api(await app.getUrl());
    atomes = app.get(AtomeService, { strict: false });
    await atomes.create({ id: 'a', kind: 'note', data: { title: 'first', n: 0, pad } });
  });
  afterAll(() => app.close());

  let n = 0;
  const altered = async (): Promise<Mutable> => {
    const changes = { n: (n += 1) };
    return (await atomes.alter('a', { operation: 'update', changes })).atome;
  };
  const dataNow = (): object => ({ title: 'first', n, pad });

  it('is a plain object', async () => {
    const atome = await altered();
    expect(inspect(atome, { maxStringLength: 3 })).toContain("title: 'fir'...");
    expect(inspect(atome)).not.toContain('Getter');
    const same = { ...(await altered()) };
    expect(Object.keys(same)).toEqual(Object.keys(await atomes.get('a')));
    for (const each of [same, structuredClone(await altered()), JSON.parse(JSON.stringify(await altered())) as Atome]) {
      expect(each.data).toEqual({ ...dataNow(), n: expect.any(Number) });
      expect(each.meta).toEqual({});
    }
    const { data, meta, ...rest } = await altered();
    expect([data, meta, rest.id]).toEqual([dataNow(), {}, 'a']);
  });

  it('takes what is assigned to it', async () => {
    const atome = await altered();
    atome.data = { title: 'mine' };
    atome.meta = { of: 'me' };
    expect(atome).toMatchObject({ data: { title: 'mine' }, meta: { of: 'me' } });
    expect(JSON.parse(JSON.stringify(atome))).toMatchObject({ data: { title: 'mine' }, meta: { of: 'me' } });
    const other = await altered();
    other.data.title = 'mine';
    expect(JSON.parse(JSON.stringify(other))).toMatchObject({ data: { title: 'mine' } });
    expect((await atomes.get('a')).data).toEqual(dataNow());
  });

  it('is an interceptor’s to alter', async () => {
    const changes = { n: (n += 1) };
    const masked = await api.post('/atome/a/alter', { operation: 'update', changes }, { 'x-mask': '1' });
    expect(masked).toMatchObject({ status: 200, body: { success: true, atome: { data: { title: '***' } } } });
    expect((await atomes.get('a')).data).toEqual(dataNow());
  });

  it('is one of its own: readers get what was written, whatever the application makes of it', async () => {
    const committed: Committed[] = [];
    const writer = app.get(LedgerWriter, { strict: false });
    const stop = writer.onCommit((_tenant, all) => void committed.push(...all));
    const given = { n: (n += 1), list: ['as it was'] };
    await atomes.alter('a', { operation: 'update', changes: given });
    stop();
    given.list.push('too late');
    await app.get(AtomeEvents, { strict: false }).settled();
    expect(app.get(Careless).told.at(-1)).toBe(`${n}`);
    const [written] = committed;
    const changes = { n, list: ['as it was'] };
    const event = JSON.parse(new Entry(written!, false, OPEN_RULES).event!) as unknown;
    expect(event).toMatchObject({ atome: { data: { ...dataNow(), ...changes } }, alteration: { changes: changes } });
    expect(valueIn({ document: 'data', keys: ['title'] }, written!.atome)).toBe('first');
    await atomes.patch('a', { list: null });
  });
});
